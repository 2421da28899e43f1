// Shows one tab, which is loaded when it is first wanted; of a container of others only what may be seen.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { mayChange } from '../../../session.ts';
import { loadPatiently } from '../../../ui/load-patiently.ts';
import { messages } from './messages.ts';
import type { Tab, TabProps } from './tab.ts';

type Loaded = { readonly name: string; readonly View: ComponentType<TabProps> | null };

export function TabPort({ tab, ...props }: TabProps & { readonly tab: Tab }) {
  const t = messages.value;
  const isInside = tab.isInside === true;
  const isKept = isInside && !(props.container.managed && mayChange.value);
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  useEffect(() => {
    if (isKept) return;
    let isWanted = true;
    loadPatiently(tab.load)
      .then(({ default: View }) => View)
      .catch(() => null)
      .then((View) => {
        if (isWanted) setLoaded({ name: tab.name, View });
      });
    return () => {
      isWanted = false;
    };
  }, [tab, isKept]);
  if (isKept)
    return (
      <p class="container-refusal" data-kept>
        {mayChange.value ? t.keptFromOthers(tab.title()) : t.keptFromViewers(tab.title())}
      </p>
    );
  if (loaded?.name !== tab.name)
    return (
      <p class="quiet" aria-busy="true">
        {t.loading}
      </p>
    );
  if (loaded.View === null) return <p class="container-refusal">{t.tabFailed}</p>;
  return <loaded.View {...props} />;
}
