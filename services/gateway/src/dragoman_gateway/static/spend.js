// The chart of money by day. The same sums stand in a table of the page, for people who see no chart.

const figure = document.getElementById("spend-chart");
const box = figure?.querySelector(".chart-box");
const said = figure?.querySelector(".said");
const height = 220;

// Colours are the page's own: a computed style is resolved for the scheme of now.
const colour = (selector, property) => getComputedStyle(figure.querySelector(selector))[property];
const usd = (value) => value.toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: value && value < 0.01 ? 4 : 2 });
const named = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const inUtc = (seconds) => { const day = new Date(seconds * 1000); return new Date(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate()); };

function options(width) {
  const ink = colour(".chart-ink", "color"), line = colour(".chart-line", "color");
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui, sans-serif" };
  const bars = (align) => uPlot.paths.bars({ size: [0.4, 22], align });
  const series = (label, selector, align) => {
    const fill = colour(selector, "backgroundColor");
    return { label, stroke: fill, fill, width: 0, paths: bars(align), points: { show: false } };
  };
  return {
    width, height, tzDate: inUtc, legend: { show: false }, padding: [8, 28, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    // A day lies around its midnight: half a day on both sides keeps the outer bars whole.
    scales: { x: { range: (_, least, most) => [least - 43200, most + 43200] }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
    series: [{}, series("Paid", ".swatch-paid", -1), series("Saved", ".swatch-saved", 1)],
    axes: [
      { ...axis, grid: { show: false }, splits: labelled, values: (_, days) => days.map((day) => new Date(day * 1000).toLocaleDateString(undefined, { day: "numeric", month: "short", timeZone: "UTC" })) },
      { ...axis, size: (chart, texts) => Math.max(44, 14 + 7 * Math.max(0, ...(texts ?? []).map((each) => each.length))), values: (_, sums) => sums.map(usd) },
    ],
    hooks: { setCursor: [tell] },
  };
}

// Days that have a name below them: as many as there is room for, and always the last.
function labelled(chart) {
  const days = chart.data[0], step = Math.ceil(days.length / Math.max(1, Math.floor(chart.bbox.width / devicePixelRatio / 75)));
  return days.filter((_, place) => (days.length - 1 - place) % step === 0);
}

function tell(chart) {
  const place = chart.cursor.idx;
  const [days, paid, saved] = chart.data;
  said.textContent = place == null ? "" : `${named.format(new Date(days[place] * 1000))}: ${usd(paid[place])} paid, ${usd(saved[place])} saved`;
}

if (box) {
  const days = JSON.parse(figure.dataset.days);
  const data = [days.map((each) => Date.parse(`${each[0]}T00:00:00Z`) / 1000), days.map((each) => each[1]), days.map((each) => each[2])];
  let chart = null;
  const draw = () => {
    chart?.destroy();
    chart = new uPlot(options(Math.max(box.clientWidth, 120)), data, box);
  };
  draw();
  new ResizeObserver(() => {
    const width = Math.max(box.clientWidth, 120);
    if (width !== chart.width) chart.setSize({ width, height });
  }).observe(box);
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
