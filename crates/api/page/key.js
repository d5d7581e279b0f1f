// The dialog that asks for the API's key.

import { byId, tell } from "./elements.js";
import * as api from "./api.js";
import { t } from "./strings.js";

// `retry` asks again for everything that was refused.
export function start(retry) {
  const dialog = byId("key");
  api.onKeyRequired((wasSent) => {
    tell(byId("key-status"), t(wasSent ? "keyWrong" : "keyAsked"), wasSent);
    if (!dialog.open) dialog.showModal();
    byId("forget").hidden = !api.hasKey();
  });
  byId("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    api.useKey(byId("key-value").value.trim());
    byId("key-value").value = "";
    byId("forget").hidden = !api.hasKey();
    dialog.close();
    retry();
  });
  byId("key-cancel").addEventListener("click", () => dialog.close());
  byId("forget").addEventListener("click", () => {
    api.useKey("");
    byId("forget").hidden = true;
    retry();
  });
  byId("forget").hidden = !api.hasKey();
}
