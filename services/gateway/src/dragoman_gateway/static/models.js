// The registry's dialogs and the playground: a conversation whose answers are read while the model writes them.

// A dialog that was closed does not come back when the page is loaded anew.
for (const dialog of document.querySelectorAll("dialog[data-open]")) {
  dialog.addEventListener("close", () => {
    const url = new URL(location.href);
    url.searchParams.delete("open");
    history.replaceState(history.state, "", url);
  });
}

// Answers of the playground that say why there is none are shown like others.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (requestConfig?.elt?.id !== "trial" || !(xhr.getResponseHeader("Content-Type") ?? "").includes("html")) return;
  if (!xhr.responseText.includes('id="result"')) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});

const chat = document.getElementById("chat");
if (chat) converse(chat, document.getElementById("conversation"), document.getElementById("prompt"));

function converse(form, log, prompt) {
  const messages = JSON.parse(form.elements.history.value || "[]");
  const button = form.querySelector("button[type=submit]");

  function turn(role, words) {
    const box = document.createElement("div");
    box.className = `turn turn-${role}`;
    const who = document.createElement("span");
    who.className = "visually-hidden";
    who.textContent = role === "user" ? "You: " : "Model: ";
    const text = document.createElement("div");
    text.className = "text";
    text.textContent = words;
    box.append(who, text);
    log.append(box);
    log.scrollTop = log.scrollHeight;
    return { box, text };
  }

  function tell(result) {
    log.querySelector("[data-usage]")?.remove();
    const line = document.createElement("p");
    line.className = "meta small quiet num";
    line.dataset.usage = "";
    const count = new Intl.NumberFormat();
    const { usage } = result;
    const cached = usage.cached_tokens ? ` (${count.format(usage.cached_tokens)} from cache)` : "";
    const parts = [
      `${count.format(usage.input_tokens)} tokens in${cached}`,
      `${count.format(usage.output_tokens)} out`,
      `${count.format(result.latency_ms)} ms`,
      result.cost === null ? "price not known" : `${result.cost} ${result.currency}`,
      result.model,
    ];
    if (result.finish_reason !== "stop") parts.unshift(`ended early: ${result.finish_reason}`);
    line.append(...parts.map((part) => Object.assign(document.createElement("span"), { textContent: part })));
    log.append(line);
    log.scrollTop = log.scrollHeight;
  }

  async function ask(words) {
    turn("user", words);
    const answer = turn("assistant", "");
    answer.box.classList.add("writing");
    messages.push({ role: "user", content: words });
    button.disabled = true;
    prompt.value = "";
    try {
      const result = await streamed(form, messages, (piece) => {
        answer.text.textContent += piece;
        log.scrollTop = log.scrollHeight;
      });
      answer.text.textContent = result.content || "(no text)";
      messages.push({ role: "assistant", content: result.content });
      form.elements.history.value = JSON.stringify(messages);
      tell(result);
      window.htmx?.ajax("GET", location.pathname, { target: "#use", select: "#use", swap: "outerHTML" });
    } catch (error) {
      messages.pop(); // so that the message can be sent again
      answer.box.classList.add("turn-failed");
      answer.box.setAttribute("role", "alert");
      answer.text.textContent = error.message;
      prompt.value = words;
    } finally {
      answer.box.classList.remove("writing");
      button.disabled = false;
      prompt.focus();
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = prompt.value.trim();
    if (words && !button.disabled) ask(words);
  });
  prompt.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.querySelector("[data-clear]").addEventListener("click", (event) => {
    event.preventDefault();
    messages.length = 0;
    form.elements.history.value = "[]";
    log.replaceChildren();
    prompt.focus();
  });
}

// The whole result of a call, with each piece of its text told as it comes (server-sent events).
async function streamed(form, messages, told) {
  let answer;
  try {
    answer = await fetch(`/api/v1/models/${form.dataset.model}/test/stream`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": form.dataset.csrf },
      body: JSON.stringify({ messages }),
    });
  } catch {
    throw new Error("The server cannot be reached. Send it again in a moment.");
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail ?? "The server could not answer.");
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true }));
    if (done) throw new Error("The connection broke off. The call is on record; load the page anew to see what it took.");
    rest += value;
    const frames = rest.split("\n\n");
    rest = frames.pop();
    for (const frame of frames) {
      const [, name, data] = frame.match(/^event: (\w+)\ndata: (.*)$/) ?? [];
      if (!name) continue;
      const body = JSON.parse(data);
      if (name === "piece") told(body.text);
      if (name === "done") return body;
      if (name === "failed") throw new Error(body.detail);
    }
  }
}
