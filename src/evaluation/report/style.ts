/** @file The report page's style sheet: system fonts, one accent, light and dark by the reader's own setting. */
export const style = String.raw`
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #23272e; --soft: #5f6977; --faint: #68707d; --rule: #e6e3dd;
  --accent: #0f6e6a; --accent-soft: #d9ebe8; --s1: #8a6d3b; --s2: #8c8f96; --s3: #5b6fa8;
  --missing: #f6e3c5; --missing-ink: #6b4a12; --added: #d5e6f7; --added-ink: #17456f;
  --hard: #b3382c; --hard-soft: #f8dcd7; --soft-flag: #765600; --soft-flag-soft: #f6ecc8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181c; --card: #1c2026; --ink: #e4e6ea; --soft: #a9b2be; --faint: #8d97a5; --rule: #2d333c;
    --accent: #5cc4bb; --accent-soft: #1d3d3b; --s1: #cfae72; --s2: #9aa0aa; --s3: #93a7e0;
    --missing: #4a3a1c; --missing-ink: #f0d8a6; --added: #1f3a55; --added-ink: #b9d9f7;
    --hard: #ff8d7f; --hard-soft: #54251f; --soft-flag: #e3c15a; --soft-flag-soft: #443a15;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 56px 24px 96px; }
h1 { font-size: 30px; line-height: 1.2; font-weight: 600; letter-spacing: -0.015em; margin: 0 0 6px; }
h2 { font-size: 19px; font-weight: 600; letter-spacing: -0.005em; margin: 56px 0 4px; }
h3 { font-size: 14px; font-weight: 600; margin: 0 0 10px; }
p { margin: 0 0 12px; } .lede, .note { color: var(--soft); max-width: 74ch; } .note { font-size: 13.5px; }
section > .note { margin-bottom: 18px; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 20px 22px; margin: 16px 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 16px; } .pair .card { margin: 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 14px; margin: 28px 0 8px; }
.figure { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 16px 18px; }
.figure b { display: block; font-size: 28px; font-weight: 600; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; color: var(--accent); }
.figure span { display: block; color: var(--soft); font-size: 13px; line-height: 1.45; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 12px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); font-weight: 400; }
th:first-child, td:first-child { text-align: left; padding-left: 0; } td:last-child, th:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: 13px; } tbody tr:last-child > * { border-bottom: 0; }
tbody th { font-weight: 400; } table.systems tbody tr:first-child > * { font-weight: 600; color: var(--accent); }
.faint { color: var(--faint); fill: var(--faint); font-weight: 400; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 6px 20px; padding: 0; margin: 0 0 10px; color: var(--soft); font-size: 13px; }
.legend li { display: flex; align-items: center; gap: 7px; } .legend svg { width: 14px; height: 14px; }
.legend i { width: 12px; height: 12px; border-radius: 3px; display: inline-block; }
.plot { width: 100%; height: auto; display: block; font-size: 12px; } .plot text { fill: var(--ink); }
.plot .tick { fill: var(--faint); } .plot .grid { stroke: var(--rule); } .plot .value { font-variant-numeric: tabular-nums; } .plot .value .faint { fill: var(--faint); }
.whisker { stroke: currentColor; stroke-width: 2.5; stroke-linecap: round; opacity: 0.45; }
.s0 { color: var(--accent); } .s1 { color: var(--s1); } .s2 { color: var(--s2); } .s3 { color: var(--s3); }
.s0 > circle, .s1 > rect, .s2 > path, .s3 > path { fill: currentColor; }
.lower { fill: var(--accent); opacity: 0.35; } .upper { fill: var(--accent); } i.lower, i.upper { background: var(--accent); }
.bar { display: inline-block; width: 90px; height: 6px; border-radius: 3px; background: var(--rule); vertical-align: middle; margin-left: 8px; overflow: hidden; }
.bar > i { display: block; height: 100%; background: var(--accent); }
.switch { display: inline-flex; border: 1px solid var(--rule); border-radius: 8px; overflow: hidden; margin: 4px 0 8px; }
button, select, input { font: inherit; color: inherit; }
.switch button { border: 0; background: none; padding: 5px 14px; cursor: pointer; color: var(--soft); font-size: 13.5px; }
.switch button[aria-pressed="true"] { background: var(--accent-soft); color: var(--accent); font-weight: 600; }
.controls { display: flex; flex-wrap: wrap; gap: 10px; align-items: center; margin: 0 0 12px; }
.controls input[type="search"], .controls select { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 6px 10px; }
.controls input[type="search"] { flex: 1 1 220px; } .controls .count { color: var(--soft); font-size: 13px; margin-left: auto; }
table.examples { table-layout: fixed; } table.examples th, table.examples td { white-space: normal; vertical-align: top; }
table.examples th button { border: 0; background: none; padding: 0; cursor: pointer; color: var(--soft); }
table.examples th button { text-align: inherit; } table.examples th[aria-sort] button { color: var(--accent); font-weight: 600; }
th[aria-sort="ascending"] button::after { content: " \2191"; } th[aria-sort="descending"] button::after { content: " \2193"; }
.fold { border: 0; background: none; padding: 0; cursor: pointer; text-align: left; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.fold::before { content: "\25B8"; color: var(--faint); display: inline-block; width: 1.1em; } .fold[aria-expanded="true"]::before { content: "\25BE"; color: var(--accent); }
.figure b + .faint { display: block; font-size: 13px; margin: -2px 0 8px; }
table.examples td.text { text-align: left; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
table.examples tbody tr.row { cursor: pointer; } table.examples tbody tr.row:hover { background: var(--accent-soft); }
.detail { padding: 6px 0 14px; display: grid; gap: 14px; text-align: left; }
.detail .texts { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 14px; }
.text-block h3 { margin: 0 0 3px; font-size: 12.5px; font-weight: 600; color: var(--soft); }
.text-block p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
mark { background: none; color: inherit; border-radius: 3px; padding: 0 1px; }
mark.missing { background: var(--missing); color: var(--missing-ink); } mark.added { background: var(--added); color: var(--added-ink); }
mark.flag { border-bottom: 2px solid var(--soft-flag); } mark.flag.hard { border-color: var(--hard); } mark[data-flags] { cursor: help; }
mark.flag.lit { background: var(--soft-flag); color: var(--card); } mark.flag.hard.lit { background: var(--hard); color: var(--card); }
.flags { list-style: none; margin: 0; padding: 0; display: grid; gap: 4px; }
.flags button { border: 0; border-radius: 7px; background: var(--soft-flag-soft); color: var(--soft-flag); padding: 3px 10px; cursor: pointer; text-align: left; font-size: 13.5px; }
.flags button.hard { background: var(--hard-soft); color: var(--hard); }
.flags button.lit { box-shadow: inset 0 0 0 2px currentColor; }
.worst { border-top: 1px solid var(--rule); padding: 16px 0 4px; } .worst:first-of-type { border-top: 0; }
.worst .meta { color: var(--soft); font-size: 13px; margin-bottom: 8px; }
.more { margin: 12px auto 0; display: block; border: 1px solid var(--rule); background: var(--card); border-radius: 8px; padding: 7px 18px; cursor: pointer; color: var(--soft); }
button:focus-visible, input:focus-visible, select:focus-visible, mark:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
footer { margin-top: 56px; color: var(--faint); font-size: 13px; }
@media (max-width: 720px) { table.examples { min-width: 760px; } .card { overflow-x: auto; } .card > .plot { min-width: 620px; } .pair .plot { min-width: 0; } }
@media (max-width: 560px) { main { padding: 32px 16px 64px; } .pair { grid-template-columns: 1fr; } }
@media print { .controls, .switch, .more { display: none; } body { background: #fff; } }
`;
