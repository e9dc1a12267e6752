// The surroundings of a person's script: no I/O, one time, one row of random numbers, a bounded log.
// Evaluated before the script; `order` is what this run is about. Gives an object of functions that
// the child calls afterwards.
(function (order) {
  "use strict";
  const stringify = JSON.stringify, parse = JSON.parse, OwnDate = Date, keysOf = Object.keys;
  const isFinite_ = Number.isFinite;

  for (const name of ["WebAssembly", "SharedArrayBuffer", "Atomics", "setTimeout", "clearTimeout",
                      "setInterval", "clearInterval", "FinalizationRegistry", "WeakRef"]) {
    globalThis[name] = undefined;  // some of them cannot be deleted
  }

  // The same run gives the same result, whenever it is made again.
  const now = OwnDate.parse(order.now);
  globalThis.Date = new Proxy(OwnDate, {
    construct: (target, given, made) => Reflect.construct(target, given.length ? given : [now], made),
    apply: () => new OwnDate(now).toString(),
    get: (target, name, receiver) => (name === "now" ? () => now : Reflect.get(target, name)),
  });
  OwnDate.prototype.constructor = globalThis.Date;
  let state = order.seed >>> 0;
  Math.random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };

  let lines = "", dropped = 0;
  const shown = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof Error) return String(value.stack || value);
    try {
      const text = stringify(value);
      return text === undefined ? String(value) : text;
    } catch (error) {
      return String(value);
    }
  };
  const log = (...values) => {
    const line = values.map(shown).join(" ") + "\n";
    if (dropped || lines.length + line.length > order.logCharacters) dropped += 1;
    else lines += line;
  };
  const levels = { log, info: log, debug: log, trace: log, warn: log, error: log };
  globalThis.console = Object.freeze(levels);

  const fields = parse(order.fields);
  const before = {};
  for (const name of keysOf(fields)) before[name] = stringify(fields[name]);
  const api = Object.freeze({ log, now: order.now, objectId: order.objectId, phase: order.phase });

  const refuse = (path, what) => { throw new TypeError(`dataObject.${path} is ${what}, which JSON cannot hold`); };
  const checked = (name) => {
    const seen = [];
    const walk = (value, path) => {
      switch (typeof value) {
        case "function": return refuse(path, "a function");
        case "symbol": return refuse(path, "a symbol");
        case "bigint": return refuse(path, "a BigInt");
        case "number": return isFinite_(value) ? undefined : refuse(path, String(value));
        case "object": break;
        default: return;
      }
      if (value === null || typeof value.toJSON === "function") return;
      if (seen.includes(value)) return refuse(path, "within itself");
      if (value instanceof Map || value instanceof Set) return refuse(path, "a Map or Set");
      seen.push(value);
      for (const key of keysOf(value)) walk(value[key], Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`);
      seen.pop();
    };
    walk(fields[name], name);
    return stringify(fields[name]);
  };

  let failure = null, isSettled = false;
  const failed = (error) => {
    isSettled = true;
    const isError = error instanceof Error;
    failure = { message: isError ? `${error.name}: ${error.message}` : `Thrown: ${shown(error)}`,
                stack: isError ? String(error.stack) : "" };
  };
  return {
    run(execute) {
      try {
        const given = execute(api, fields, parse(order.params));
        if (given && typeof given.then === "function") given.then(() => { isSettled = true; }, failed);
        else isSettled = true;
      } catch (error) {
        failed(error);
      }
    },
    end() {
      const changed = {};
      if (!failure && !isSettled) failure = { message: "Error: execute waits for something that never comes", stack: "" };
      if (failure) return stringify({ failure });
      try {
        for (const name of keysOf(fields)) {
          const text = checked(name);
          if (text !== before[name]) changed[name] = text === undefined ? null : parse(text);
        }
        for (const name of keysOf(before)) if (!(name in fields)) changed[name] = null;
        return stringify({ changed });
      } catch (error) {
        return stringify({ refused: String(error.message) });
      }
    },
    log: () => stringify({ log: lines, dropped }),
  };
})
