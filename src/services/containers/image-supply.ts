// Gets the image of a create when the engine does not have it: only from registries that are allowed.
import { formatFamiliar, parseImageReference, registryOf } from '../../domain/image-reference.ts';
import type { Engine } from '../../engine/engine.ts';
import { Failure } from '../../schemas/failure.ts';
import { authorize, type Principal } from '../access.ts';

/**
 * Pulls `image` to its end. Fails with `forbidden` where its registry is not allowed, `image_not_found` where the registry has none or cannot
 * be reached.
 */
export async function supplyImage(
  { principal, engine, image, registries }: SupplyRequest,
  signal: AbortSignal,
): Promise<void> {
  authorize(principal, 'pull', { kind: 'image', ref: image });
  const registry = registryOf(image);
  if (registry === null) {
    throw new Failure('image_not_found', `The engine ${engine.name} has no image ${image}`, { field: 'image' });
  }
  if (!registries.includes(registry)) {
    throw new Failure('forbidden', `Images may not be pulled from ${registry}`, {
      field: 'image',
      hint: `Allowed registries: ${registries.join(', ') || 'none'}; TERRARIUM_REGISTRIES sets them.`,
    });
  }
  const refuse = (why: string): never => {
    throw new Failure('image_not_found', `The image ${image} could not be pulled: ${why}`, {
      field: 'image',
      hint: 'Check its name, and that the engine reaches the registry; or load it on the engine beforehand.',
    });
  };
  try {
    for await (const { error } of engine.pullImage(formatFamiliar(parseImageReference(image)), { signal })) {
      if (error !== undefined) refuse(error);
    }
  } catch (error) {
    // The registry's no comes through the engine; an engine that is away is another matter.
    if (error instanceof Failure && error.code === 'engine_refused') refuse(error.message);
    throw error;
  }
}

export interface SupplyRequest {
  readonly principal: Principal;
  readonly engine: Engine;
  readonly image: string;
  readonly registries: readonly string[];
}
