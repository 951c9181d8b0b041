// An addition only: the treemap can be walked with the arrow keys, and says where the focus or the pointer is.
for (const map of document.querySelectorAll("svg.map")) {
  const status = map.closest("section").querySelector(".status");
  const tiles = [...map.querySelectorAll("g")];
  const say = (tile) => { status.textContent = tile.querySelector("title").textContent; };
  const focus = (tile) => {
    for (const other of tiles) other.setAttribute("tabindex", other === tile ? "0" : "-1");
    tile.focus();
  };
  const middle = (tile) => {
    const box = tile.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  tiles.forEach((tile, index) => {
    tile.setAttribute("tabindex", index === 0 ? "0" : "-1");
    tile.setAttribute("role", "img");
    tile.addEventListener("focus", () => say(tile));
    tile.addEventListener("pointerenter", () => say(tile));
  });
  map.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const current = event.target.closest("g");
    if (!step || !current) return;
    event.preventDefault();
    const [x, y] = middle(current);
    let best = null;
    for (const tile of tiles) {
      const [tx, ty] = middle(tile);
      const along = (tx - x) * step[0] + (ty - y) * step[1];
      if (tile === current || along < 1) continue;
      const across = Math.abs((tx - x) * step[1]) + Math.abs((ty - y) * step[0]);
      const distance = along + 2 * across;
      if (!best || distance < best.distance) best = { tile, distance };
    }
    if (best) focus(best.tile);
  });
}
