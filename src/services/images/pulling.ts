// Pulls one image by one engine, and says in our words why it cannot be had. Of what goes wrong the engine tells some before the progress
// begins, and some in its midst, where it would look like progress.
import type { Engine } from '../../engine/engine.ts';
import { Failure } from '../../schemas/failure.ts';
import type { PullStep } from '../../schemas/images.ts';

/** The registry was asked and has no such image, or does not show it to us. */
const isAbsent =
  /manifest unknown|not found|name unknown|does not exist|access denied|unauthorized|authentication required|no matching manifest/i;

/** The steps until the image is there. Fails with `image_not_found`, `engine_refused` (the registry cannot be reached), or as the engine does. */
export async function* pullImage(engine: Engine, image: string, signal: AbortSignal): AsyncGenerator<PullStep> {
  let refusal: string | undefined;
  try {
    for await (const { error, ...step } of engine.pullImage(image, { signal })) {
      refusal = error;
      if (refusal !== undefined) break;
      yield readStep(step);
    }
  } catch (error) {
    if (!(error instanceof Failure) || !['image_not_found', 'engine_refused'].includes(error.code)) throw error;
    refusal = error.message;
  }
  if (refusal !== undefined) throw explainRefusal(image, refusal);
}

/** The first message has the tag where the others have their layer. */
function readStep({ layer, ...step }: PullStep): PullStep {
  return layer === undefined || step.status?.startsWith('Pulling from ') ? step : { ...step, layer };
}

function explainRefusal(image: string, words: string): Failure {
  const detail = `The image ${image} could not be pulled: ${words.trim().slice(0, 500)}`;
  if (isAbsent.test(words)) {
    return new Failure('image_not_found', detail, {
      field: 'image',
      hint: 'Check the name and the tag; images that need a login have to be loaded on the engine beforehand.',
    });
  }
  if (/no space left on device/i.test(words)) {
    return new Failure('engine_refused', `The engine's disk is full: ${detail}`, {
      field: 'image',
      hint: 'Free space where the engine keeps its data (`docker system df` shows what takes it), and pull again.',
    });
  }
  return new Failure('engine_refused', detail, {
    field: 'image',
    hint: 'Check that the engine reaches the registry; or load the image on the engine beforehand.',
  });
}
