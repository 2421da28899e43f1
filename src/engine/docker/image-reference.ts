// Takes an image reference apart the way the pull call wants it. Pure.

/**
 * The repository, and the tag or digest, of `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`. Without either the tag is `latest`: the engine would
 * take nothing to mean every tag there is.
 */
export function splitImageReference(reference: string): { repository: string; tag: string } {
  const at = reference.indexOf('@');
  const named = at === -1 ? reference : reference.slice(0, at);
  // A colon before the last slash belongs to the registry's port.
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const repository = colon === -1 ? named : named.slice(0, colon);
  if (at !== -1) return { repository, tag: reference.slice(at + 1) };
  return { repository, tag: colon === -1 ? 'latest' : named.slice(colon + 1) };
}
