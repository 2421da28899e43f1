// A small chart as an SVG: one panel a quantity, time from left to right, marks where something was done. It knows nothing of what it shows.

export interface Panel {
  readonly title: string;
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[];
}

export interface Chart {
  readonly title: string;
  /** Minutes, one for each value of every line. */
  readonly minutes: readonly number[];
  readonly panels: readonly Panel[];
  /** Minutes at which something was done, and what. */
  readonly marks: { readonly name: string; readonly at: readonly number[] };
}

const size = { width: 900, panel: 150, left: 60, right: 20, top: 60, gap: 50 } as const;
const colours = ['#1f6f8b', '#c0562b', '#5b7f2b'] as const;

/** The chart as the text of an SVG file; readable on light and dark. */
export function drawChart({ title, minutes, panels, marks }: Chart): string {
  const height = size.top + panels.length * (size.panel + size.gap);
  const last = Math.max(minutes.at(-1) ?? 0, 0.01);
  const x = (minute: number) => size.left + (minute / last) * (size.width - size.left - size.right);
  const parts: string[] = [text(size.left, 24, title, 'font-weight="bold"')];
  parts.push(text(size.left, 44, `dashed: ${marks.name}`, 'font-size="12"'));
  panels.forEach((panel, index) => {
    const top = size.top + index * (size.panel + size.gap);
    const bottom = top + size.panel;
    const most = niceAbove(Math.max(...panel.lines.flatMap(({ values }) => values.filter(Number.isFinite)), 0));
    const y = (value: number) => bottom - (Math.min(value, most) / most) * size.panel;
    parts.push(
      `<rect x="${size.left}" y="${top}" width="${size.width - size.left - size.right}" height="${size.panel}" fill="none" stroke="#888"/>`,
      text(size.left - 6, bottom, '0', 'text-anchor="end" font-size="11"'),
      text(size.left - 6, top + 10, String(most), 'text-anchor="end" font-size="11"'),
      text(size.left - 6, bottom + 16, '0 min', 'font-size="11"'),
      text(size.width - size.right, bottom + 16, `${last.toFixed(0)} min`, 'text-anchor="end" font-size="11"'),
    );
    for (const at of marks.at)
      parts.push(
        `<line x1="${x(at).toFixed(1)}" x2="${x(at).toFixed(1)}" y1="${top}" y2="${bottom}" stroke="#888" stroke-dasharray="4 3"/>`,
      );
    let label = size.left + 6;
    parts.push(text(label, bottom + 32, panel.title, 'font-size="12" font-weight="bold"'));
    label += panel.title.length * 7 + 20;
    panel.lines.forEach(({ name, values }, line) => {
      const colour = colours[line % colours.length];
      const points = values.flatMap((value, i) =>
        Number.isFinite(value) ? [`${x(minutes[i] ?? 0).toFixed(1)},${y(value).toFixed(1)}`] : [],
      );
      parts.push(`<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${points.join(' ')}"/>`);
      parts.push(text(label, bottom + 32, name, `font-size="12" fill="${colour}"`));
      label += name.length * 7 + 20;
    });
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" font-family="sans-serif" fill="#777">\n<title>${escapeXml(title)}</title>\n${parts.join('\n')}\n</svg>\n`;
}

function text(x: number, y: number, words: string, attributes = ''): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escapeXml(words)}</text>`;
}

function escapeXml(words: string): string {
  return words.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}

/** The next 1, 2 or 5 times a power of ten. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-3)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? 10 * power;
}
