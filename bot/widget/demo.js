/** Fills in what only the clinic's own data knows, and opens the chat from the page's own button. */

const chat = document.querySelector("axis-chat");
document.querySelector("#ask").addEventListener("click", () => chat.open());

const response = await fetch("/api/v1/clinic");
if (response.ok) {
  const clinic = await response.json();
  const link = document.createElement("a");
  link.href = `tel:${clinic.telephone.replace(/[^\d+]/g, "")}`;
  link.textContent = clinic.telephone;
  document.querySelector("#telephone").replaceChildren("By telephone: ", link);
  const list = document.createElement("dl");
  for (const line of clinic.opening_hours) {
    const days = document.createElement("dt");
    const hours = document.createElement("dd");
    days.textContent = line.days;
    hours.textContent = line.hours;
    list.append(days, hours);
  }
  document.querySelector("#hours").replaceChildren(list);
}
