/// The page's style sheet. It holds none of the characters that mean something in markup.
package enum PageStyle {
    package static let text = """
        :root {
          color-scheme: light dark;
          --page: #f6f7f9; --surface: #ffffff; --ink: #1b1f24; --soft: #5b6570; --line: #dde1e6;
          --accent: #1f5fbf; --track: #e8ecf1; --on-accent: #ffffff; --best: #d9480f;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #111418; --surface: #1a1f25; --ink: #e8ebee; --soft: #9aa5b1; --line: #2c333b;
            --accent: #62a8ff; --track: #2a3139; --on-accent: #08131f; --best: #ffa94d;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0; background: var(--page); color: var(--ink);
          font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", sans-serif;
        }
        main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 40px; }
        h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 8px; overflow-wrap: anywhere; }
        h2 { font-size: 1.25rem; line-height: 1.2; margin: 36px 0 8px; }
        h3 { font-size: .75rem; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); margin: 12px 0 4px; }
        p { margin: 0 0 12px; max-width: 46em; }
        .lead { color: var(--soft); margin-bottom: 20px; }
        code { font: .92em ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
        .cards { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 250px), 1fr)); }
        article { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; padding: 12px; min-width: 0; }
        figure { margin: 0; }
        figure img {
          display: block; width: 100%; height: 170px; object-fit: contain; background: #ffffff; border-radius: 6px;
        }
        figcaption { color: var(--soft); font-size: .8rem; margin-top: 6px; overflow-wrap: anywhere; }
        ol { list-style: none; margin: 0; padding: 0; }
        li { display: grid; grid-template-columns: 1fr auto; column-gap: 8px; align-items: end; margin-bottom: 6px; font-size: .9rem; line-height: 1.3; }
        li .text { overflow-wrap: anywhere; }
        li:first-child .text { font-weight: 600; }
        li .share { font-variant-numeric: tabular-nums; color: var(--soft); }
        li .bar { grid-column: 1 / -1; height: 6px; border-radius: 3px; background: var(--track); overflow: hidden; margin-top: 2px; }
        li .bar span { display: block; height: 100%; border-radius: 3px; background: var(--accent); }
        .more { font-size: .8rem; color: var(--soft); margin: 0; }
        .legend { display: flex; align-items: center; gap: 8px; font-size: .85rem; font-variant-numeric: tabular-nums; }
        .ramp { width: 140px; height: 14px; border: 1px solid var(--line); background: linear-gradient(90deg, var(--surface), var(--accent)); }
        .key { width: 22px; height: 14px; border: 2px solid var(--best); border-radius: 2px; margin-left: 12px; }
        .matrix {
          display: flex; width: fit-content; max-width: 100%; background: var(--surface);
          border: 1px solid var(--line); border-radius: 12px; padding: 8px 8px 8px 12px;
        }
        .texts { flex: 0 1 auto; min-width: 110px; max-width: min(38vw, 340px); padding-right: 10px; }
        .texts div { display: flex; align-items: center; justify-content: flex-end; text-align: right; font-size: 12px; line-height: 14px; }
        .texts span {
          display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; overflow-wrap: anywhere;
        }
        .scroll { flex: 1 1 auto; min-width: 0; overflow-x: auto; }
        svg { display: block; }
        .paper { fill: #ffffff; }
        .c { fill: var(--accent); }
        .best { fill: none; stroke: var(--best); stroke-width: 2.5; }
        .n { font: 11px system-ui, sans-serif; font-variant-numeric: tabular-nums; text-anchor: middle; fill: var(--ink); }
        .full { fill: var(--on-accent); }
        table { border-collapse: collapse; font-size: .88rem; margin: 8px 0 16px; }
        th, td { padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: bottom; }
        th { color: var(--soft); font-weight: 500; }
        td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
        .numbers td { white-space: nowrap; }
        .numbers th + th, .numbers td + td { text-align: right; }
        .settings td:first-child { color: var(--soft); white-space: nowrap; vertical-align: top; }
        footer { margin-top: 32px; font-size: .85rem; color: var(--soft); }
        """
}
