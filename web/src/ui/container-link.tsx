// The name of a container wherever one is named: a link to its panel.
import { linkTo } from '../router.ts';

interface ContainerLinkProps {
  readonly id: string;
  /** null where it is not known any more. */
  readonly name: string | null;
  /** Of the panel's tabs. */
  readonly tab?: string;
}

export function ContainerLink({ id, name, tab }: ContainerLinkProps) {
  return (
    <a class="container-link" href={linkTo('containers', tab === undefined ? [id] : [id, tab])}>
      {name ?? id.slice(0, 12)}
    </a>
  );
}
