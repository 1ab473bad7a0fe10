/** The paths of the icons, on a grid of 16. */
const PATHS = {
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  refresh: "M13 8a5 5 0 1 1-1.5-3.6M13 2.5v3h-3",
  copy: "M6 6h7v7H6zM10 6V3H3v7h3",
  check: "M3 8.5l3.2 3.2L13 5",
  graph: "M8 5v3M8 8H4v3M8 8h4v3M6.5 2h3v3h-3zM2.5 11h3v3h-3zM10.5 11h3v3h-3z",
  plugin: "M3 6h10v4.5a2.5 2.5 0 0 1-2.5 2.5h-5A2.5 2.5 0 0 1 3 10.5zM6 6V2.5M10 6V2.5",
  trash: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5",
} as const;

/** Name of an icon. */
export type IconName = keyof typeof PATHS;

/** A line icon in the colour of the text around it. It says nothing to a screen reader: the words beside it do. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
