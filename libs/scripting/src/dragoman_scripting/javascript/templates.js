// Handlebars templates: rendered, taken apart into sections, and read for the names they use.
// Evaluated after handlebars.min.js; gives an object of functions that the child calls. Prompts are
// no HTML, so nothing is escaped: {{x}} is {{{x}}}.
(function () {
  "use strict";
  const OPTIONS = { noEscape: true };
  const refusal = (error) => error instanceof RangeError ? { ended: "memory" } : ({ error: String(error.message), line: error.lineNumber || 0 });

  const SCOPES = new Set(["each", "with"]), HELPERS = new Set(["if", "unless", "each", "with", "lookup", "log"]);

  const FEWEST = { if: 1, unless: 1, each: 1, with: 1, lookup: 2, log: 0 }, MOST = { if: 1, unless: 1, with: 1 };

  // Walks a template and calls `seen` for each path with the field it begins with, as far as the
  // template alone can tell.
  function walk(program, scopes, seen, wrap) {
    if (!program) return;
    const body = [];
    for (const node of program.body) {
      const made = visited(node, scopes, seen, wrap);
      if (Array.isArray(made)) body.push(...made);
      else body.push(made);
    }
    if (wrap) program.body = body;
  }

  function visited(node, scopes, seen, wrap) {
    switch (node.type) {
      case "MustacheStatement": {
        const isHelper = node.params.length > 0 || Boolean(node.hash);
        const origins = [];
        if (!isHelper) origins.push(...noted(node.path, scopes, seen));
        for (const each of [...node.params, ...pairs(node)]) origins.push(...noted(each, scopes, seen));
        return wrap ? wrap(node, origins) : node;
      }
      case "BlockStatement": {
        const name = node.path.original;
        const isHelper = node.params.length > 0 || HELPERS.has(name);
        const given = isHelper ? node.params : [node.path];
        const origins = [...given, ...pairs(node)].map((each) => noted(each, scopes, seen));
        const opens = !isHelper || SCOPES.has(name);
        const origin = origins.length && origins[0].length ? origins[0][0] : "";
        const names = (node.program && node.program.blockParams) || [];
        const inside = opens ? [...scopes, { origin, names }] : scopes;
        walk(node.program, inside, seen, wrap);
        walk(node.inverse, scopes, seen, wrap);
        return node;
      }
      case "DecoratorBlock":
      case "PartialBlockStatement":
        walk(node.program, [...scopes, { origin: "", names: [] }], seen, wrap);
        return node;
      case "PartialStatement":
        for (const each of node.params || []) noted(each, scopes, seen);
        return node;
      default:
        return node;
    }
  }

  const pairs = (node) => (node.hash ? node.hash.pairs.map((pair) => pair.value) : []);

  function noted(expression, scopes, seen) {
    if (expression.type === "SubExpression") {
      return [...expression.params, ...pairs(expression)].flatMap((each) => noted(each, scopes, seen));
    }
    if (expression.type !== "PathExpression") return [];
    const { data, depth, parts } = expression;
    if (data) {
      if (parts[0] !== "root") return [];
      return told(parts.slice(1), expression, seen);
    }
    const first = parts[0];
    for (let place = scopes.length - 1; depth === 0 && place >= 0; place -= 1) {
      if (scopes[place].names.includes(first)) return scopes[place].origin ? [scopes[place].origin] : [];
    }
    const left = scopes.length - depth;
    if (left > 0) {
      const origin = scopes[left - 1].origin;
      return origin ? [origin] : [];
    }
    return told(parts, expression, seen);
  }

  function told(parts, expression, seen) {
    if (!parts.length) return [];
    const origin = parts[0] === "inputTasks" && parts.length > 1 ? `inputTasks.${parts[1]}` : String(parts[0]);
    seen({ name: String(parts[0]), path: parts.join("."), origin, line: expression.loc.start.line });
    return [origin];
  }

  // What parses and would be refused where it is rendered: helpers and partials that there are none
  // of, and helpers with too few or too many arguments.
  function misused(program) {
    const found = [], inline = new Set(), base = Handlebars.Visitor.prototype;
    const tell = (kind, node) => found.push({ kind, name: String((node.path || node.name).original), line: node.loc.start.line });
    const named = new Handlebars.Visitor();
    named.DecoratorBlock = function (node) {
      if (node.params.length) inline.add(String(node.params[0].original));
      base.DecoratorBlock.call(this, node);
    };
    named.accept(program);
    const calls = new Handlebars.Visitor();
    const checked = (node) => {
      const name = node.path.original, count = node.params.length;
      const isOurs = HELPERS.has(name) && (node.path.parts || []).length === 1;
      const isCalled = count > 0 || Boolean(node.hash) || node.type === "SubExpression";
      if (isOurs && node.type === "MustacheStatement" && !isCalled) tell("shadowed", node);
      else if (!isOurs && isCalled) tell("helper", node);
      else if (isOurs && !(count >= FEWEST[name] && count <= (MOST[name] || count))) tell("arguments", node);
    };
    for (const type of ["MustacheStatement", "BlockStatement", "SubExpression"]) {
      calls[type] = function (node) {
        checked(node);
        base[type].call(this, node);
      };
    }
    calls.PartialStatement = function (node) {
      const name = node.name.original;
      if (node.name.type !== "SubExpression" && name !== "@partial-block" && !inline.has(String(name))) tell("partial", node);
      base.PartialStatement.call(this, node);
    };
    for (const type of ["Decorator", "DecoratorBlock"]) {
      calls[type] = function (node) {
        if (node.path.original !== "inline" || type === "Decorator") tell("decorator", node);
        base[type].call(this, node);
      };
    }
    calls.accept(program);
    return found;
  }

  function plain(template, context) {
    return Handlebars.compile(template, OPTIONS)(context);
  }

  return {
    render(template, context) {
      try {
        return JSON.stringify({ text: plain(template, JSON.parse(context)) });
      } catch (error) {
        return JSON.stringify(refusal(error));
      }
    },
    check(template) {
      try {
        const names = [], program = Handlebars.parse(template);
        walk(program, [], (each) => names.push(each), null);
        Handlebars.precompile(template, OPTIONS);
        return JSON.stringify({ names, faults: misused(program) });
      } catch (error) {
        return JSON.stringify(refusal(error));
      }
    },
    explain(template, context, mark) {
      try {
        const text = plain(template, JSON.parse(context));
        const tags = [];
        const content = (value) => ({ type: "ContentStatement", value, original: value });
        const wrap = (node, origins) => {
          tags.push({ origin: origins[0] || "", origins, line: node.loc.start.line,
                      expression: node.path.original });
          const id = tags.length - 1;
          return [content(`${mark}<${id}|`), node, content(`${mark}>`)];
        };
        const program = Handlebars.parse(template);
        walk(program, [], () => undefined, wrap);
        const marked = Handlebars.compile(program, OPTIONS)(JSON.parse(context));
        return JSON.stringify({ text, marked, tags });
      } catch (error) {
        return JSON.stringify(refusal(error));
      }
    },
  };
})
