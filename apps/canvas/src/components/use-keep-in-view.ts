import { useReactFlow } from "@xyflow/react";
import { useCallback, useEffect, useRef, type RefObject } from "react";
import { CARD } from "../state/board.js";
import { useSelected } from "./use-session.js";

/** How the graph is fitted into the canvas. */
export const FIT = { padding: 0.2, maxZoom: 1 } as const;

/** Room left around a card that is brought into view, in pixels. */
const MARGIN = 24;
const GLIDE_MS = 200;

/**
 * Keeps all cards in view until the user moves the canvas, and the selected one always. Must be used beside the
 * graph, below a ReactFlowProvider.
 * @param isFitting false where the user has moved the canvas before
 */
export function useKeepInView(
  canvas: RefObject<HTMLDivElement | null>,
  isFitting: boolean,
): { readonly keepFitting: (isFitting: boolean) => void } {
  const flow = useReactFlow();
  const positions = useSelected((state) => state.positions);
  const selectedId = useSelected((state) => state.selectedId);
  const selected = selectedId === null ? undefined : positions.get(selectedId);
  const fits = useRef(isFitting);

  useEffect(() => {
    if (fits.current) void flow.fitView({ ...FIT, duration: glide() });
  }, [flow, positions]);

  useEffect(() => {
    const box = canvas.current?.getBoundingClientRect();
    if (selected === undefined || box === undefined) return;
    const { x, y, zoom } = flow.getViewport();
    const dx = shiftInto(selected.x * zoom + x, CARD.width * zoom, box.width);
    const dy = shiftInto(selected.y * zoom + y, CARD.height * zoom, box.height);
    if (dx !== 0 || dy !== 0) void flow.setViewport({ x: x + dx, y: y + dy, zoom }, { duration: glide() });
  }, [flow, canvas, selected]);

  const keepFitting = useCallback((isWanted: boolean) => {
    fits.current = isWanted;
  }, []);
  return { keepFitting };
}

/** By how much something must move to lie within 0 and `room`. */
function shiftInto(start: number, size: number, room: number): number {
  if (start < MARGIN) return MARGIN - start;
  return Math.min(0, room - MARGIN - (start + size));
}

function glide(): number {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : GLIDE_MS;
}
