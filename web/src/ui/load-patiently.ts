// Loads a part of the page, and tries again where the network failed for a moment: a browser on the machine of the containers cuts what is under way
// whenever a container's cable comes or goes there.

const pausesMs = [300, 1_000, 3_000] as const;

export async function loadPatiently<Module>(load: () => Promise<Module>): Promise<Module> {
  for (const pauseMs of pausesMs) {
    try {
      return await load();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
  return load();
}
