// One number of `GET /metrics`, as an operator reads it.

/** The value of a metric, `terrarium_` left out of its name; the sum over its labels. Fails where there is none. */
export async function readMetric(
  { url, headers }: { readonly url: string; readonly headers: Record<string, string> },
  name: string,
): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers })).text();
  const lines = [...text.matchAll(new RegExp(`^terrarium_${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))];
  if (lines.length === 0) throw new Error(`there is no metric terrarium_${name}`);
  return lines.reduce((sum, [, value]) => sum + Number(value), 0);
}
