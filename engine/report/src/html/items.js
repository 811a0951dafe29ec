// The browser of items. Reads the chunks beside it, one for each language, when they are looked at; sends nothing anywhere.
// Its state is the location's hash, so that a link shows what its sender saw:
// #items/LANGUAGE/MODEL/CONDITION/MODE[/SEED]?show=wrong&against=MODEL/CONDITION/MODE&search=TEXT&from=50&item=KEY
"use strict";
(() => {
  const PAGE = 50;
  const byId = (id) => document.getElementById(id);
  const fault = (error) => {
    const place = byId("items-fault");
    place.hidden = false;
    place.textContent = `The browser of items failed: ${(error && error.message) || error}`;
  };
  window.addEventListener("error", (event) => fault(event.error || event.message));
  window.addEventListener("unhandledrejection", (event) => fault(event.reason));

  const about = JSON.parse(byId("items-about").textContent);
  const filters = byId("items-filters").elements;
  const chunks = new Map();

  // Makes an element: its class, attributes, and what stands in it.
  const make = (name, attributes = {}, ...inside) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...inside.filter((part) => part !== null && part !== undefined));
    return element;
  };
  const language = (code) => about.languages.find((one) => one.code === code) || about.languages[0];
  const columnAt = (path) => about.columns.findIndex((column) => column.path === path);
  // A text of the language: its direction, and how it is read and broken into lines.
  const said = (name, text, attributes = {}) => {
    const { dir, lang } = language(state.language);
    return make(name, { dir, lang, ...attributes }, text);
  };

  async function unpack(code) {
    if (!chunks.has(code)) {
      const packed = document.querySelector(`script.items-chunk[data-language="${CSS.escape(code)}"]`);
      const bytes = Uint8Array.from(atob(packed.textContent.trim()), (letter) => letter.charCodeAt(0));
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
      chunks.set(code, new Response(stream).json());
    }
    return chunks.get(code);
  }

  // ---- state and hash
  let state = { language: about.languages[0].code, column: 0, show: "all", against: -1, search: "", from: 0, item: "" };
  function read() {
    if (!location.hash.startsWith("#items/")) return false;
    const [place, query = ""] = location.hash.slice("#items/".length).split("?");
    const [code, ...path] = place.split("/");
    const set = new URLSearchParams(query);
    const column = columnAt(path.join("/"));
    state = {
      language: language(decodeURIComponent(code)).code,
      column: Math.max(0, column),
      show: set.get("show") || "all",
      against: columnAt(set.get("against") || ""),
      search: set.get("search") || "",
      from: Math.max(0, parseInt(set.get("from") || "0", 10) || 0),
      item: set.get("item") || "",
    };
    return true;
  }
  function hash(change = {}) {
    const next = { ...state, ...change };
    const set = new URLSearchParams();
    if (next.show !== "all") set.set("show", next.show);
    if (next.show === "changed" && next.against >= 0) set.set("against", about.columns[next.against].path);
    if (next.search) set.set("search", next.search);
    if (next.from) set.set("from", next.from);
    if (next.item) set.set("item", next.item);
    const query = set.toString();
    return `#items/${encodeURIComponent(next.language)}/${about.columns[next.column].path}${query ? `?${query}` : ""}`;
  }
  // What a filter shows begins at its beginning.
  const go = (change) => { location.hash = hash({ from: 0, ...change }); };

  // ---- filters
  const options = (select, entries, chosen) => {
    select.replaceChildren(...entries.map(([value, text]) => make("option", { value, selected: String(value) === String(chosen) }, text)));
  };
  function fill() {
    const { model } = about.columns[state.column];
    const models = [...new Set(about.columns.map((column) => column.model))];
    const numbered = about.columns.map((column, at) => ({ ...column, at }));
    options(filters.language, about.languages.map(({ code, name }) => [code, name ? `${name} (${code})` : code]), state.language);
    options(filters.model, models.map((name) => [name, name]), model);
    options(filters.way, numbered.filter((column) => column.model === model).map(({ at, way }) => [at, way]), state.column);
    options(filters.against, numbered.filter(({ at }) => at !== state.column).map(({ at, model, way }) => [at, `${model} ${way}`]), state.against);
    filters.show.value = state.show;
    byId("items-against").hidden = state.show !== "changed";
    if (document.activeElement !== filters.search) filters.search.value = state.search;
  }
  // Another model is asked as this one was, where it was asked so.
  function withModel(name) {
    const { way } = about.columns[state.column];
    const same = about.columns.findIndex((column) => column.model === name && column.way === way);
    return same >= 0 ? same : about.columns.findIndex((column) => column.model === name);
  }
  byId("items-filters").addEventListener("submit", (event) => event.preventDefault());
  byId("items-filters").addEventListener("change", ({ target: { name, value } }) => {
    if (name === "language") go({ language: value });
    if (name === "model") go({ column: withModel(value) });
    if (name === "way") go({ column: Number(value) });
    if (name === "against") go({ against: Number(value) });
    if (name === "show") go({ show: value, against: value === "changed" ? Number(filters.against.value || -1) : state.against });
  });
  let typing;
  filters.search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => go({ search: filters.search.value.trim() }), 200);
  });

  function found(chunk) {
    const cell = chunk.cells[state.column];
    const other = chunk.cells[state.against];
    const words = state.search.toLocaleLowerCase();
    const says = ({ key, question, passage = "" }) =>
      !words || [key, question, passage].some((text) => text.toLocaleLowerCase().includes(words));
    const keeps = {
      all: () => true,
      right: (item, at) => cell.chosen[at] === item.gold,
      wrong: (item, at) => cell.chosen[at] >= 0 && cell.chosen[at] !== item.gold,
      none: (item, at) => cell.chosen[at] === -1,
      changed: (item, at) => other && other.chosen[at] !== -2 && other.chosen[at] !== cell.chosen[at],
    };
    const keep = keeps[state.show] || keeps.all;
    if (!cell) return [];
    return chunk.items.map((item, at) => at).filter((at) => cell.chosen[at] !== -2 && keep(chunk.items[at], at) && says(chunk.items[at]));
  }

  // ---- the list
  function mark(cell, item, at) {
    const chosen = cell.chosen[at];
    if (chosen === item.gold) return make("span", { class: "right", title: "right" }, "✓");
    return chosen === -1 ? make("span", { class: "nothing", title: "no answer" }, "∅") : make("span", { class: "wrong", title: "wrong" }, "✗");
  }
  function list(chunk) {
    const all = found(chunk);
    const cell = chunk.cells[state.column];
    const from = state.from < all.length ? state.from : 0;
    const shown = all.slice(from, from + PAGE);
    const rows = shown.map((at) => {
      const item = chunk.items[at];
      const link = make("a", { href: hash({ item: item.key }), "aria-current": item.key === state.item && "true" },
        mark(cell, item, at), make("bdi", { class: "key" }, item.key), said("span", item.question, { class: "question" }));
      return make("li", {}, link);
    });
    byId("items-list").replaceChildren(...rows);
    const asked = cell ? cell.chosen.filter((chosen) => chosen !== -2).length : 0;
    byId("items-count").textContent = !cell ? "This column was not asked in this language."
      : all.length === 0 ? `None of ${asked} items.`
      : `${from + 1}–${from + shown.length} of ${all.length}${all.length === asked ? "" : ` found among ${asked}`} items`;
    const [previous, next] = [byId("items-previous"), byId("items-next")];
    previous.disabled = from === 0;
    next.disabled = from + PAGE >= all.length;
    previous.onclick = () => go({ from: Math.max(0, from - PAGE) });
    next.onclick = () => go({ from: from + PAGE });
  }

  // ---- an item
  const ENDED = { model: "ended by the model", stop: "ended at a stop text", budget: "cut at the budget" };
  const percent = (share) => (share === 0 || share >= 0.0005 ? `${(100 * share).toFixed(1)} %` : "<0.1 %");
  const logarithm = (thousandths) => (thousandths / 1000).toFixed(2).replace("-", "−");
  const of = (column, at) => (column ? column[at] : undefined);

  function figure(cell, at, option) {
    const logprob = (of(cell.logprobs, at) || [])[option];
    if (logprob === undefined || logprob === null) return { text: "" };
    const length = (of(cell.lengths, at) || [])[option];
    if (!length) {
      const share = Math.exp(logprob / 1000);
      return { text: logarithm(logprob), below: percent(share), share };
    }
    const per = (number) => (number ? (logprob / 1000 / number).toFixed(3).replace("-", "−") : "–");
    return { text: logarithm(logprob), below: `${per(length[0])} a token, ${per(length[1])} a byte` };
  }
  function figures(chunk, item, at) {
    const columns = about.columns.map((column, number) => ({ ...column, number, cell: chunk.cells[number] }))
      .filter(({ cell }) => cell && cell.chosen[at] !== -2);
    const models = [];
    for (const column of columns) {
      const last = models[models.length - 1];
      if (last && last.name === column.model) last.span += 1;
      else models.push({ name: column.model, span: 1 });
    }
    const current = ({ number }) => (number === state.column ? "current" : undefined);
    const head = make("thead", {},
      make("tr", {}, make("th", { scope: "col", rowspan: 2 }, "Option"), ...models.map(({ name, span }) => make("th", { scope: "colgroup", colspan: span }, name))),
      make("tr", {}, ...columns.map((column) => make("th", { scope: "col", class: current(column) },
        make("a", { href: hash({ column: column.number, from: 0 }) }, column.way)))));
    const row = (text, option) => make("tr", { class: option === item.gold && "gold" },
      make("th", { scope: "row" }, make("div", { class: "option" }, option === item.gold ? make("span", { title: "right" }, "✓") : null, said("span", text))),
      ...columns.map((column) => {
        const { text, below, share } = figure(column.cell, at, option);
        const chosen = column.cell.chosen[at] === option;
        const classes = [current(column), chosen && (option === item.gold ? "hit" : "miss")].filter(Boolean).join(" ");
        const label = column.cell.labels[option];
        return make("td", { class: classes, style: share === undefined ? undefined : `--share:${(100 * share).toFixed(1)}%` },
          make("span", { class: "label" }, make("bdi", {}, label === undefined || label === null ? "" : label)),
          chosen ? make("span", { class: "chosen", title: "predicted" }, "●") : null, " ", text, below ? make("small", {}, below) : null);
      }));
    const line = (name, value) => {
      const values = columns.map(value);
      if (values.every((value) => value === undefined || value === null || value === "")) return null;
      return make("tr", {}, make("th", { scope: "row" }, name), ...columns.map((column, at) => make("td", { class: current(column) }, ...[values[at]].flat().filter((part) => part !== undefined && part !== null))));
    };
    const code = (text) => make("bdi", {}, make("code", {}, visible(text)));
    const feet = make("tbody", { class: "more" },
      line("outcome", ({ cell }) => ({ [item.gold]: "right", [-1]: "no answer" })[cell.chosen[at]] || "wrong"),
      line("labels together", ({ cell }) => { const mass = of(cell.mass, at); return mass === undefined || mass === null ? "" : percent(mass / 1000); }),
      line("likeliest token of all", ({ cell }) => { const text = of(cell.likeliest, at); return text === undefined || text === null ? "" : code(text); }),
      line("predicted by each order", ({ cell }) => (of(cell.orders, at) || []).map((option) => cell.labels[option] ?? option + 1).join(" ")),
      line("tokens of the prompt", ({ cell }) => of(cell.tokens, at) || ""));
    return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Options and what each column gave them" },
      make("table", { class: "options" }, head, make("tbody", {}, ...item.options.map(row)), feet));
  }
  // A token's text with what cannot be seen made visible.
  const visible = (text) => text === "" ? "nothing" : text.replace(/ /g, "␣").replace(/\n/g, "⏎").replace(/\t/g, "⇥")
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (letter) => `\\u{${letter.codePointAt(0).toString(16)}}`);

  // What a model wrote: its lines stand as their own letters want, whatever the language of the question.
  const wrote = (name, heading, text, inside, open) => make("details", { open }, make("summary", {}, name, make("small", {}, ` ${heading}`)),
    make("pre", { class: "text", dir: "auto" }, ...inside), text.cut ? make("p", { class: "note" }, "Cut here for the page; xlt show prints all of it.") : null);
  function texts(chunk, at) {
    const parts = [];
    about.columns.forEach((column, number) => {
      const cell = chunk.cells[number];
      const name = `${column.model} ${column.way}`;
      const reasoning = cell && of(cell.reasoning, at);
      const generated = cell && of(cell.generated, at);
      const ending = ({ tokens, ended }) => `${tokens ? `${tokens} tokens, ` : ""}${ENDED[ended]}`;
      if (reasoning) parts.push([number, wrote(`Reasoning of ${name}`, ending(reasoning), reasoning, [reasoning.text], number === state.column)]);
      if (generated) {
        const { written, outcome, rule, span } = generated;
        const text = written.text;
        const inside = span ? [text.slice(0, span[0]), make("mark", {}, text.slice(...span)), text.slice(span[1])] : [text];
        const how = rule ? `found by the rule ${rule}` : `no answer found: ${outcome}`;
        parts.push([number, wrote(`Answer of ${name}`, `${ending(written)}; ${how}`, written, inside, number === state.column)]);
      }
    });
    return parts.sort(([one], [other]) => (other === state.column) - (one === state.column)).map(([, part]) => part);
  }

  function pieces(chunk, number, item) {
    const place = (name) => (name === "key" || name === "question" || name === "passage" ? item[name] : item.options[Number(name)]);
    const parts = chunk.prompts[number];
    const literal = (part) => (part ? part.t || part.s || "" : "\n");
    // A text that has its lines for itself stands as its letters want; within a line of others it keeps its full stop.
    const alone = (at) => literal(parts[at - 1]).endsWith("\n") && literal(parts[at + 1]).startsWith("\n");
    return parts.map((part, at) => {
      if (part.s !== undefined) return make("span", { class: "special" }, part.s);
      if (part.t !== undefined) return part.t;
      return make(alone(at) ? "span" : "bdi", { class: "place" }, part.e !== undefined ? (item.extra || {})[part.e] : place(part.p));
    });
  }
  function prompt(chunk, item, at) {
    const cell = chunk.cells[state.column];
    const column = about.columns[state.column];
    if (!cell) return null;
    const whole = (cell.whole || {})[at];
    const number = whole === undefined ? cell.form : whole;
    const name = `What ${column.model} read, ${column.way}`;
    if (number === undefined) {
      const why = cell.tokens ? "is not on this page; xlt show prints it." : "was asked elsewhere, and is not known here.";
      return make("p", { class: "note" }, `${name}: ${why}`);
    }
    const slot = (text) => make("span", { class: "slot" }, text);
    const inside = pieces(chunk, number, item);
    if (cell.lead) {
      const reasoning = of(cell.reasoning, at);
      inside.push(slot("⟦reasoning⟧"), ...pieces(chunk, cell.lead[reasoning && reasoning.ended === "model" ? 0 : 1], item));
    }
    inside.push(slot("⟦answer⟧"));
    return make("details", { open: true }, make("summary", {}, name, make("small", {}, " special tokens dimmed")),
      make("pre", { class: "text prompt", lang: language(state.language).lang }, ...inside));
  }
  function open(chunk) {
    const at = chunk.items.findIndex((item) => item.key === state.item);
    const article = byId("item");
    article.hidden = at < 0;
    if (at < 0) {
      article.replaceChildren();
      return;
    }
    const item = chunk.items[at];
    article.replaceChildren(
      make("h3", {}, make("bdi", {}, item.key)),
      ...(item.passage === undefined ? [] : [said("p", item.passage, { class: "passage" })]),
      said("p", item.question, { class: "asked" }),
      figures(chunk, item, at), ...texts(chunk, at), ...[prompt(chunk, item, at)].filter(Boolean));
  }

  // ---- the whole
  let drawn = 0;
  async function draw(arrived) {
    const turn = ++drawn;
    fill();
    const chunk = await unpack(state.language);
    if (turn !== drawn) return;
    const within = (place) => document.activeElement.closest(place);
    const follow = within("#items-list") ? "#items-list [aria-current]" : within(".options") ? ".options .current a" : null;
    list(chunk);
    open(chunk);
    // What was followed has been made anew: whoever goes by keyboard stays at it.
    if (follow) document.querySelector(follow)?.focus({ preventScroll: true });
    if (arrived) byId("items").scrollIntoView();
    byId("items").dataset.drawn = String(turn);
  }
  window.addEventListener("hashchange", () => {
    if (!read()) return;
    // A link from elsewhere on the page leads here; what is done here leaves the page where it is.
    const { top, bottom } = byId("items").getBoundingClientRect();
    draw(top >= window.innerHeight || bottom <= 0);
  });
  if (typeof DecompressionStream === "undefined") {
    fault("this browser is too old to unpack them (it has no DecompressionStream)");
    return;
  }
  byId("items-body").hidden = false;
  draw(read());
})();
