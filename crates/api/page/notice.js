// A line at the foot of the window: what was just done, and how to undo it.

import { button, byId } from "./elements.js";
import { t } from "./strings.js";

export function show(text, undo) {
  const line = byId("notice");
  const close = () => {
    line.replaceChildren();
    line.hidden = true;
  };
  line.hidden = false;
  const undoing = () => {
    undo();
    close();
  };
  line.replaceChildren(text, ...(undo ? [button(t("undo"), { onclick: undoing })] : []), button("×", { "aria-label": t("close"), onclick: close }));
}
