// What makes a container that a test puts on the engine itself one of Terrarium's.

/** Labels of a container that Terrarium manages. */
export const managedLabels = { 'io.terrarium.managed': 'true' } as const;
