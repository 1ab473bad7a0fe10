import { useId, useRef, type KeyboardEvent, type ReactNode } from "react";

/** One of several views in the same place. */
export interface Tab<Name extends string> {
  readonly name: Name;
  readonly label: string;
}

/** Tabs by the ARIA pattern: one stop for the Tab key, arrows, Home and End between them. */
export function Tabs<Name extends string>(props: {
  readonly label: string;
  readonly tabs: readonly Tab<Name>[];
  readonly active: Name;
  readonly onChange: (name: Name) => void;
  readonly children: ReactNode;
}) {
  const { label, tabs, active, onChange, children } = props;
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const index = nextIndex(
      event.key,
      tabs.findIndex((tab) => tab.name === active),
      tabs.length,
    );
    const next = index === null ? undefined : tabs[index];
    if (index === null || next === undefined) return;
    event.preventDefault();
    onChange(next.name);
    list.current?.querySelectorAll("button").item(index).focus();
  };
  return (
    <>
      <div className="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <button
            key={tab.name}
            type="button"
            role="tab"
            id={`${id}-${tab.name}`}
            aria-selected={tab.name === active}
            aria-controls={`${id}-panel`}
            tabIndex={tab.name === active ? 0 : -1}
            onClick={() => {
              onChange(tab.name);
            }}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div className="tab-panel" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${active}`}>
        {children}
      </div>
    </>
  );
}

function nextIndex(key: string, index: number, count: number): number | null {
  switch (key) {
    case "ArrowRight":
      return (index + 1) % count;
    case "ArrowLeft":
      return (index + count - 1) % count;
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return null;
  }
}
