// Names for containers that were given none: two words from a terrarium and enough digits that they do not collide.

const qualities = (
  'amber ashen bright calm clear cool coral damp dappled deep dewy dim drifting dusky early emerald ' +
  'fern floating fresh gentle glassy golden green hidden humble humid jade late leafy little mellow ' +
  'misty mossy muted olive pale patient pebbled quiet rainy rooted russet sandy shaded silent silver ' +
  'slow small soft spring still sunlit tangled tender tidal tiny twining velvet verdant warm wild ' +
  'winding woven young'
).split(' ');

const things = (
  'acorn ant bark beetle berry bloom branch brook bud cactus cedar clover cricket daisy dew dune fern ' +
  'finch firefly frog gecko ginkgo grove hazel heath heron iris ivy juniper leaf lichen lily lizard ' +
  'lotus maple marsh meadow mint moss moth newt oak orchid otter palm pebble petal pine pond poppy reed ' +
  'ripple robin root sage seed shell snail spore sprout stone thistle toad willow'
).split(' ');

/** `quiet-fern-0f3a9c`, made of eight random bytes. */
export function composeName(random: Uint8Array): string {
  const quality = qualities[(random[0] ?? 0) % qualities.length];
  const thing = things[(random[1] ?? 0) % things.length];
  const digits = Array.from(random.subarray(2, 5), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${quality}-${thing}-${digits}`;
}
