// Requests to the API of one job, and its refusals as errors.

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || "The server cannot be reached.");
    this.status = status; // 0: no answer at all
    this.body = body;
    this.code = body.code ?? "";
  }

  // Whether the same request may be taken later.
  get isPassing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

// Ids of units hold slashes, which stay; the rest is escaped.
const escaped = (id) => id.split("/").map(encodeURIComponent).join("/");

export function client(base, csrfToken) {
  async function send(method, path, { query = {}, body, version, signal, keepalive, form } = {}) {
    const said = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
    const address = `${base}${path}${said.length ? `?${new URLSearchParams(said)}` : ""}`;
    const headers = { Accept: "application/json" };
    if (method !== "GET") headers["X-CSRF-Token"] = csrfToken;
    if (version !== undefined) headers["If-Match"] = `"${version}"`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let answer;
    try {
      answer = await fetch(address, {
        method,
        headers,
        signal,
        keepalive,
        body: form ?? (body === undefined ? undefined : JSON.stringify(body)),
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem(0, {});
    }
    const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
    const found = isJson ? await answer.json() : {};
    if (!answer.ok) throw new Problem(answer.status, found);
    return found;
  }
  const get = (path, query, signal) => send("GET", path, { query, signal });
  const post = (path, body, more = {}) => send("POST", path, { body, ...more });
  return {
    send,
    get,
    post,
    units: (query, signal) => get("/units", query, signal),
    unit: (id, signal) => get(`/units/${escaped(id)}`, {}, signal),
    edit: (id, version, body, keepalive) => send("PATCH", `/units/${escaped(id)}`, { body, version, keepalive }),
    review: () => get("/review"),
  };
}
