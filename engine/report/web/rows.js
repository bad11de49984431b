// Sample rows, filtered by language, verdict, reason and score.

const AT_ONCE = 20;

/** What a rule asks of a row's score, and whether the row fails it. */
function asks(limit, row) {
  const verdict = row.reasons.includes(limit.code) ? "fails" : row.warnings.includes(limit.code) ? "warned by" : "";
  const { code } = limit;
  if (limit.fitted) return { code, verdict, text: "fitted by the calibration" };
  const at = row.lang in (limit.own ?? {}) ? limit.own[row.lang] : limit.at ?? null;
  return { code, verdict, text: at === null ? "" : `${limit.below ? "at least" : "at most"} ${score(at)}` };
}

function showRows(data) {
  const byCode = new Map(data.languages.map((language) => [language.code, language]));
  const english = { dir: "ltr", bcp47: "en" };
  const present = (of) => [...new Set(data.rows.flatMap(of))].sort();
  const redraw = () => { shown = AT_ONCE; draw(); };
  const pick = (id, label, options) => {
    const select = el("select", { id, change: redraw }, ...options);
    return [select, el("label", {}, label, select)];
  };
  const bound = (id, label) => {
    const input = el("input", { id, type: "number", step: "any", input: redraw });
    return [input, el("label", {}, label, input)];
  };
  const [lang, langLabel] = pick("row-lang", "language", [option("", "all languages"),
    ...data.languages.map((language) => option(language.code, `${language.name} (${language.code})`))]);
  const [status, statusLabel] = pick("row-status", "verdict", [option("", "all"),
    ...["kept", "dropped", "failed"].map((name) => option(name, name))]);
  const [reason, reasonLabel] = pick("row-reason", "reason", [option("", "any"),
    ...present((row) => row.reasons).map((code) => option(code, code))]);
  const [metric, metricLabel] = pick("row-score", "score", [option("", "none"),
    ...data.metrics.map((entry, place) => option(place, entry.column.replace("score_", "")))]);
  const [order, orderLabel] = pick("row-order", "order", [option("", "as drawn"), option("low", "lowest score first"),
    option("high", "highest score first")]);
  const [least, leastLabel] = bound("row-least", "from");
  const [most, mostLabel] = bound("row-most", "to");
  const words = el("input", { id: "row-words", type: "search", input: redraw });
  byId("row-controls").replaceChildren(langLabel, statusLabel, reasonLabel, metricLabel, leastLabel, mostLabel, orderLabel,
    el("label", {}, "words or record id", words));
  const left = data.rows_left_out ? ` ${count(data.rows_left_out)} more had no room.` : "";
  byId("rows-note").textContent = `${count(data.rows.length)} records, drawn from each language and each of its reasons.` +
    `${left} What failed is highlighted.` +
    (data.images_stored && !Object.keys(data.images).length ? " Thumbnails need pip install 'glotmill[images]'." : "");
  let shown = AT_ONCE;

  const has = (row, sought) => row.id.includes(sought) || row.turns.some((turn) => ["source", "target", "back"].some((side) =>
    turn[side]?.join("").toLowerCase().includes(sought)));
  const chosen = () => {
    const place = metric.value === "" ? null : Number(metric.value);
    const sought = words.value.trim().toLowerCase();
    const within = (row) => {
      if (place === null || (least.value === "" && most.value === "")) return true;
      const value = row.scores[place];
      return value !== null && (least.value === "" || value >= Number(least.value)) &&
        (most.value === "" || value <= Number(most.value));
    };
    const found = data.rows.filter((row) => (!lang.value || row.lang === lang.value) &&
      (!status.value || row.status === status.value) && (!reason.value || row.reasons.includes(reason.value)) &&
      within(row) && (!sought || has(row, sought)));
    if (place !== null && order.value) {
      const sign = order.value === "low" ? 1 : -1;
      const key = (row) => (row.scores[place] === null ? Infinity : sign * row.scores[place]);
      found.sort((a, b) => key(a) - key(b) || 0);
    }
    return found;
  };
  const draw = () => {
    const found = chosen();
    byId("row-count").textContent = `${count(found.length)} of ${count(data.rows.length)} rows`;
    byId("row-list").replaceChildren(...found.slice(0, shown).map((row) => card(row)));
    byId("more-rows").hidden = found.length <= shown;
  };
  const card = (row) => {
    const language = byCode.get(row.lang);
    const picture = data.images[row.image];
    return el("article", { class: "row" },
      el("header", {},
        el("strong", {}, language.name), el("span", { class: `chip ${row.status}` }, row.status),
        ...row.reasons.map((code) => el("span", { class: "chip" }, code)),
        ...row.warnings.map((code) => el("span", { class: "chip soft" }, `warning: ${code}`)), el("span", {}, row.task),
        el("code", { class: "id", title: "record id" }, row.id),
        put(el("span", { class: "from" }), [row.from, row.uri, row.license].filter(Boolean).join(" · "))),
      el("div", { class: "body" },
        picture ? el("img", { src: picture, alt: "" }) : null,
        el("div", { class: "turns" },
          ...row.turns.filter(says).map((turn, _, turns) => showTurn(turns, turn, language)), ...rest(row, language))),
      scores(row));
  };
  const scores = (row) => {
    const lines = data.metrics.map((entry, place) => {
      const asked = data.limits.filter((limit) => limit.scores.includes(place)).map((limit) => asks(limit, row));
      const worst = asked.some(({ verdict }) => verdict === "fails") ? "failed"
        : asked.some(({ verdict }) => verdict) ? "warned" : "";
      return { name: entry.column.replace("score_", ""), value: score(row.scores[place]), asked, worst, entry };
    });
    const said = (line) => line.asked.map(({ text, verdict, code }) =>
      verdict ? [text, `${verdict} ${code}`].filter(Boolean).join(", ") : text).filter(Boolean).join("; ");
    const failed = lines.filter(({ worst }) => worst).map((line) => `${line.name} ${line.value} (${said(line)})`);
    return el("details", {}, el("summary", {}, ["scores", ...failed].join(" · ")),
      el("div", { class: "scores" }, ...lines.map((line) => el("div", { class: line.worst, title: line.entry.description },
        el("code", {}, line.name), el("span", {}, line.value), el("small", {}, said(line))))));
  };
  const says = (turn) => turn.failed.length || turn.source.join("").replaceAll("<image>", "").trim();
  const showTurn = (turns, turn, language) => el("div", { class: turn.failed.length ? "turn bad" : "turn" },
    turn.failed.length || turns.length > 1
      ? el("div", { class: "why" }, [turn.role, ...turn.failed].join(" · ")) : null,
    side("source", turn.source, english), side(language.name, turn.target, language),
    side("translated back", turn.back, english));
  const side = (head, pieces, language) => el("div", {}, el("h4", {}, head),
    pieces ? textBlock(pieces, language) : el("div", { class: "none" }, "none"));
  const rest = (row, language) => {
    const found = [];
    if (row.more_turns) found.push(el("p", { class: "none" }, `${count(row.more_turns)} more turns`));
    for (const name of ["choices", "answers"]) {
      if (row[name]) {
        const [source, target] = row[name].map((texts) => [texts.join(" | ") || "none"]);
        found.push(el("div", { class: "turn" }, el("div", { class: "why" }, name), side("source", source, english),
          side(language.name, target, language)));
      }
    }
    return found;
  };
  byId("more-rows").addEventListener("click", () => { shown += AT_ONCE; draw(); });
  draw();

  /** Show the rows of one cell of the heat map. */
  return (code, why) => {
    lang.value = code;
    status.value = "";
    reason.value = why;
    redraw();
    byId("rows").scrollIntoView();
    lang.focus({ preventScroll: true });
  };
}
