// A list of any length of which only the rows in sight exist. Heights are measured as rows appear; rows that nobody has
// seen count with the mean, so that the scrollbar is true to the whole.

const AROUND = 900; // pixels above and below the sight that are kept ready
const GUESS = 96;

export class VirtualList {
  // `make(index)` gives a row, `gone(row)` hears that it left.
  constructor(viewport, { make, gone, seen }) {
    this.viewport = viewport;
    this.body = viewport.querySelector("[data-rows]");
    this.make = make;
    this.gone = gone;
    this.seen = seen;
    this.rows = new Map();
    this.pinned = -1; // stays, also out of sight: the focus is in it
    this.held = null; // {index, top}: stays where it is while heights around it become known
    this.width = 0;
    this.frame = 0;
    this.sizes = new ResizeObserver((entries) => this.#measured(entries));
    viewport.addEventListener(
      "scroll",
      () => {
        if (this.held && Math.abs(viewport.scrollTop - this.setTop) > 2) this.held = null;
        this.#later();
      },
      { passive: true },
    );
    new ResizeObserver(() => this.#resized()).observe(viewport);
    this.reset(0);
  }

  reset(count) {
    for (const row of this.rows.values()) this.#drop(row);
    this.rows.clear();
    this.count = count;
    this.heights = new Float64Array(count);
    this.offsets = new Float64Array(count + 1);
    this.known = 0;
    this.sum = 0;
    this.pinned = -1;
    this.held = null;
    this.viewport.scrollTop = 0;
    this.#place();
    this.update();
  }

  // More rows at the end; what is there stays.
  grow(count) {
    const heights = new Float64Array(count);
    heights.set(this.heights.subarray(0, Math.min(count, this.count)));
    this.heights = heights;
    this.offsets = new Float64Array(count + 1);
    this.count = count;
    this.#place();
    this.update();
  }

  row(index) {
    return this.rows.get(index);
  }

  // Make the row anew, in its place.
  remake(index) {
    const row = this.rows.get(index);
    if (!row) return;
    this.#drop(row);
    this.rows.delete(index);
    this.#add(index);
  }

  // Bring a row into sight, and hold it there until the rows around it are measured.
  show(index, place = "nearest") {
    const height = this.viewport.clientHeight;
    const top = this.offsets[index] - this.viewport.scrollTop;
    const bottom = top + this.#height(index);
    const margin = Math.min(48, height / 8);
    let at = top;
    if (place === "middle" || top < -height || bottom > 2 * height)
      at = Math.max(margin, (height - this.#height(index)) / 3);
    else if (top < margin) at = margin;
    else if (bottom > height - margin) at = Math.max(margin, height - margin - this.#height(index));
    this.held = { index, top: at };
    this.#hold();
    this.update();
  }

  update() {
    const from = this.viewport.scrollTop;
    const first = this.indexAt(from - AROUND);
    const last = Math.min(this.count - 1, this.indexAt(from + this.viewport.clientHeight + AROUND));
    for (const [index, row] of this.rows) {
      if ((index < first || index > last) && index !== this.pinned) {
        this.#drop(row);
        this.rows.delete(index);
      }
    }
    for (let index = first; index <= last; index++) if (!this.rows.has(index)) this.#add(index);
    this.seen?.(first, last, this.indexAt(from));
  }

  indexAt(offset) {
    let [low, high] = [0, this.count - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.offsets[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  #later() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.update();
    });
  }

  #height(index) {
    return this.heights[index] || (this.known ? this.sum / this.known : GUESS);
  }

  #add(index) {
    const row = this.make(index);
    row.style.transform = `translateY(${this.offsets[index]}px)`;
    this.rows.set(index, row);
    // Rows stand in the order of the document, for readers of the tree.
    let next = null;
    for (let i = index + 1; i <= index + 60 && !next; i++) next = this.rows.get(i) ?? null;
    this.body.insertBefore(
      row,
      next ?? [...this.rows].filter(([i]) => i > index).sort(([a], [b]) => a - b)[0]?.[1] ?? null,
    );
    row.dataset.index = index;
    this.sizes.observe(row);
  }

  #drop(row) {
    this.sizes.unobserve(row);
    row.remove();
    this.gone?.(row);
  }

  #measured(entries) {
    const top = this.viewport.scrollTop;
    const anchor = this.indexAt(top);
    const within = top - this.offsets[anchor];
    let isChanged = false;
    for (const { target } of entries) {
      const index = Number(target.dataset.index);
      const height = target.offsetHeight;
      if (this.rows.get(index) !== target || !height || Math.abs(this.heights[index] - height) < 0.5) continue;
      if (!this.heights[index]) this.known++;
      this.sum += height - this.heights[index];
      this.heights[index] = height;
      isChanged = true;
    }
    if (!isChanged) return;
    this.#place();
    // Rows above that turned out taller or lower move nothing that is in sight.
    if (this.held) this.#hold();
    else if (anchor > 0 && Math.abs(this.offsets[anchor] + within - top) > 0.5)
      this.viewport.scrollTop = this.offsets[anchor] + within;
    this.#later();
  }

  #resized() {
    if (this.viewport.clientWidth === this.width) {
      this.#later();
      return;
    }
    this.width = this.viewport.clientWidth;
    const anchor = this.indexAt(this.viewport.scrollTop);
    this.heights.fill(0);
    this.known = 0;
    this.sum = 0;
    for (const [index, row] of this.rows) {
      this.heights[index] = row.offsetHeight;
      this.known++;
      this.sum += row.offsetHeight;
    }
    this.#place();
    if (anchor) {
      this.held = { index: anchor, top: 0 };
      this.#hold();
    }
    this.#later();
  }

  #hold() {
    this.viewport.scrollTop = this.offsets[this.held.index] - this.held.top;
    this.setTop = this.viewport.scrollTop;
  }

  #place() {
    const mean = this.known ? this.sum / this.known : GUESS;
    let offset = 0;
    for (let index = 0; index < this.count; index++) {
      this.offsets[index] = offset;
      offset += this.heights[index] || mean;
    }
    this.offsets[this.count] = offset;
    this.body.style.blockSize = `${offset}px`;
    for (const [index, row] of this.rows) row.style.transform = `translateY(${this.offsets[index]}px)`;
  }
}
