// Reads the README's tour: the ```sh blocks between <!-- tour:begin --> and <!-- tour:end -->, in order.

/** The tour as one script for `bash -e`; throws when the README has none. */
export function extractTour(readme: string): string {
  const section = /<!-- tour:begin -->(.*?)<!-- tour:end -->/s.exec(readme)?.[1];
  const blocks = [...(section ?? '').matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  if (blocks.length === 0)
    throw new Error('the README has no ```sh block between <!-- tour:begin --> and <!-- tour:end -->');
  return blocks.join('\n');
}
