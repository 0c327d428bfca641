(() => {
  const button = document.querySelector("button");
  const names = { auto: "Auto", light: "Light", dark: "Dark" };
  const order = Object.keys(names);
  const show = theme => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = names[theme];
    button.dataset.now = theme;
  };
  let kept = null;
  try { kept = localStorage.getItem("baton-theme"); } catch { /* a page from a file may have no storage */ }
  show(names[kept] ? kept : document.documentElement.dataset.theme || "auto");
  button.addEventListener("click", () => {
    const next = order[(order.indexOf(button.dataset.now) + 1) % order.length];
    show(next);
    try { localStorage.setItem("baton-theme", next); } catch { /* forgotten, then */ }
  });
})();
