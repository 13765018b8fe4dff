// How the report page looks: light and dark, wide and narrow. Charts shrink with the page, wide tables and drawings
// scroll.
#pragma once

namespace rattan::bench {

inline constexpr const char* page_style = R"(
:root { color-scheme: light dark; --ink: #1f2328; --paper: #fff; --pale: #57606a; --line: #d8dee4; --frame: #afb8c1; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0d1117; --pale: #9da7b3; --line: #2d333b; --frame: #57606a; }
  polyline, circle, .mark, .legend i { filter: brightness(1.5); }
}
body { font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1240px; margin: 24px auto; padding: 0 16px; }
h1 { font-size: 22px; } h2 { font-size: 17px; margin-top: 32px; overflow-wrap: anywhere; } h3 { font-size: 15px; margin: 20px 0 6px; }
p, figcaption { max-width: 820px; } figure { margin: 0; min-width: 0; } figcaption, .small { color: var(--pale); }
.small { font-size: 12px; } pre { white-space: pre-wrap; overflow-wrap: anywhere; } details { margin: 8px 0; } summary { cursor: pointer; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 8px 20px; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 4px 24px; margin: 16px 0 4px; }
.legend i { display: inline-block; width: 30px; margin-right: 8px; vertical-align: middle; }
svg { max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
.charts svg text { font-size: 17px; } .spread svg text { font-size: 13px; } .wide svg { max-width: none; }
svg text.bright { fill: #fff; } svg text.dark { fill: #1f2328; }
.grid { stroke: var(--line); stroke-width: 1; } .frame { fill: none; stroke: var(--frame); }
.scroll { overflow-x: auto; margin: 8px 0; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 12px; }
th, td { padding: 3px 8px; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { border-bottom: 2px solid var(--frame); } td.text, th.text { text-align: left; }
@media (max-width: 600px) {
  body { margin: 12px auto; padding: 0 12px; } th, td { padding: 3px 5px; } td.text, th { white-space: normal; }
  .dispensable { display: none; } .charts svg text, .spread svg text { font-size: 20px; }
}
)";

}  // namespace rattan::bench
