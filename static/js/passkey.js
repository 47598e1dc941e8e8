// form[data-passkey="create|get"]: the form is sent once the device has made a passkey, or has shown one. What it is to do
// stands in the JSON of [data-passkey-options], or is fetched from the form's own address. Without this script, or a
// browser that knows passkeys, the form stays hidden and [data-passkey-without] says what is missing.

import { enhance } from "./enhance.js";

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const withBytes = (keys = []) => keys.map((key) => ({ ...key, id: toBytes(key.id) }));

const asJSON = (credential, response) => ({
  id: credential.id,
  rawId: toText(credential.rawId),
  type: credential.type,
  authenticatorAttachment: credential.authenticatorAttachment,
  clientExtensionResults: credential.getClientExtensionResults(),
  response: { clientDataJSON: toText(credential.response.clientDataJSON), ...response },
});

async function create(options) {
  const credential = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: withBytes(options.excludeCredentials),
    },
  });
  return asJSON(credential, {
    attestationObject: toText(credential.response.attestationObject),
    transports: credential.response.getTransports?.() ?? [],
  });
}

async function get(options) {
  const credential = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: withBytes(options.allowCredentials),
    },
  });
  const { authenticatorData, signature, userHandle } = credential.response;
  return asJSON(credential, {
    authenticatorData: toText(authenticatorData),
    signature: toText(signature),
    userHandle: userHandle && toText(userHandle),
  });
}

async function optionsOf(form) {
  const given = form.querySelector("[data-passkey-options] script");
  if (given) return JSON.parse(given.textContent);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return answer.json();
}

enhance("form[data-passkey]", (form) => {
  const makes = form.dataset.passkey === "create";
  const problem = form.querySelector("[data-passkey-problem]");
  if (!window.PublicKeyCredential) return;
  form.hidden = false;
  for (const note of document.querySelectorAll("[data-passkey-without]")) note.hidden = true;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    event.submitter?.setAttribute("aria-busy", "true");
    try {
      const options = await optionsOf(form);
      const made = makes
        ? await create(options.creation_options.publicKey)
        : await get(options.request_options.publicKey);
      form.elements.credential.value = JSON.stringify(made);
      form.submit();
    } catch (error) {
      // The person closed the device's question, or the device has a passkey already, or the network is gone.
      problem.querySelector("[data-passkey-words]").textContent =
        error.name === "InvalidStateError" ? problem.dataset.already : problem.dataset.failed;
      problem.hidden = false;
    } finally {
      event.submitter?.removeAttribute("aria-busy");
    }
  });
});
