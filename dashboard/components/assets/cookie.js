// Keeps a key in this browser until it is taken back, so that a reload does not lose the session. Draws nothing.
export default function (component) {
  const { name, value, days } = component.data;
  const age = value ? days * 86400 : 0;
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; samesite=strict; max-age=${age}`;
  component.parentElement.host?.style.setProperty("display", "none");
}
