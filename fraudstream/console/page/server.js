// Requests to the server, and its stream of events. The token is this tab's alone; no cookie is used.

const KEY = "fraudstream-token";
const token = { value: sessionStorage.getItem(KEY) };

function headers(more = {}) {
  return { "X-Fraudstream-Console": "1", ...(token.value ? { Authorization: `Bearer ${token.value}` } : {}), ...more };
}

/** Ask for a path below /data; an answer that is no success is thrown, in its own words. */
export async function ask(path, { body } = {}) {
  const how = body === undefined ? { headers: headers() }
    : { method: "POST", headers: headers({ "Content-Type": "application/json" }), body: JSON.stringify(body) };
  const answer = await fetch(`/data/${path}`, how);
  if (answer.status === 401) {
    await login();
    return ask(path, { body });
  }
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(content.detail ?? `the server answered ${answer.status}`);
  return content;
}

let asking = null;

/** Ask a person for the token, once for all who need it. */
function login() {
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById("login"), input = document.getElementById("token");
    dialog.addEventListener("close", () => {
      token.value = input.value.trim();
      input.value = "";
      sessionStorage.setItem(KEY, token.value);
      asking = null;
      resolve();
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

/** Follow the events without end. EventSource can't send a token, so this reads the stream itself. */
export async function follow(onEvent, onLink) {
  for (;;) {
    try {
      const answer = await fetch("/data/stream", { headers: headers() });
      if (answer.status === 401) {
        await login();
        continue;
      }
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      onLink(true);
      await read(answer.body, onEvent);
    } catch {
      // shown by the dot; the next round tries again
    }
    onLink(false);
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

async function read(body, onEvent) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const [, event] = /^event: (.*)$/m.exec(part) ?? [];
      const [, data] = /^data: (.*)$/m.exec(part) ?? [];
      if (event) onEvent(event, JSON.parse(data));
    }
  }
}
