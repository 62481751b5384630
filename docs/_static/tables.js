// Each cell knows the heading of its column, so that narrow screens can show rows as blocks (see skreg.css).
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".bd-article table.docutils, .bd-article table.table").forEach((table) => {
    const headings = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
    if (headings.length < 3) return;
    table.classList.add("stackable");
    table.querySelectorAll("tbody tr").forEach((row) => {
      [...row.cells].forEach((cell, k) => {
        if (!cell.textContent.trim()) cell.classList.add("blank");
        else if (headings[k]) cell.setAttribute("data-heading", headings[k]);
      });
    });
  });
});
