/* Sorting and filtering; the page has all its content without it. */
(function () {
	"use strict";

	var PAGE = 100; /* as many as the page itself shows: KEYS_SHOWN in html_key.c */
	var keys = document.querySelector("table.keys");
	var form = document.querySelector(".controls");

	/* th: a heading that sorts; sort is called with 1 or -1, with first before the other */
	function sortable(th, first, sort) {
		var button = document.createElement("button");

		button.type = "button";
		while (th.firstChild)
			button.appendChild(th.firstChild);
		th.appendChild(button);
		button.addEventListener("click", function () {
			var now = th.getAttribute("aria-sort");
			var direction = now ? (now === "ascending" ? -1 : 1) : first;

			Array.prototype.forEach.call(th.parentNode.children, function (other) {
				other.removeAttribute("aria-sort");
			});
			th.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
			sort(direction);
		});
	}

	function compare(a, b) {
		var x = Number(a), y = Number(b);

		if (a !== "" && b !== "" && x === x && y === y)
			return x - y;
		return a < b ? -1 : a > b ? 1 : 0;
	}

	function place(parent, items) {
		var fragment = document.createDocumentFragment();

		items.forEach(function (item) {
			fragment.appendChild(item);
		});
		parent.appendChild(fragment);
	}

	Array.prototype.forEach.call(document.querySelectorAll("table.sums"), function (table) {
		var body = table.tBodies[0];

		Array.prototype.forEach.call(table.tHead.rows[0].cells, function (th, column) {
			function value(row) {
				var cell = row.cells[column];

				return cell.hasAttribute("data-v") ? cell.getAttribute("data-v") : cell.textContent.toLowerCase();
			}
			sortable(th, column ? -1 : 1, function (direction) {
				place(body, Array.prototype.slice.call(body.rows).sort(function (a, b) {
					return direction * compare(value(a), value(b));
				}));
			});
		});
	});

	if (!keys || !form)
		return;

	var all = Array.prototype.slice.call(keys.tBodies);
	var more = document.querySelector(".page");
	var count = form.querySelector("output");
	var limit = PAGE;

	function text(body) {
		if (!body.searched)
			body.searched = body.textContent.toLowerCase();
		return body.searched;
	}

	function matches(body, words) {
		var state = form.elements.state.value, confidence = form.elements.confidence.value;

		return (!state || body.className === state) && (!confidence || body.dataset.c === confidence) &&
			(!form.elements.there.checked || body.hasAttribute("data-h")) &&
			words.every(function (word) {
				return text(body).indexOf(word) >= 0;
			});
	}

	/* "5,000", as the page has it elsewhere */
	function written(number) {
		return number.toLocaleString("en-US");
	}

	function show() {
		var words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean), matched = 0;

		all.forEach(function (body) {
			body.hidden = !matches(body, words) || ++matched > limit;
		});
		more.hidden = matched <= limit;
		count.textContent = (matched > limit ? written(limit) + " of " : "") + written(matched) + " shown" +
			(matched < all.length ? ", " + written(all.length) + " in all" : "");
	}

	function filter() {
		limit = PAGE;
		show();
	}

	Array.prototype.forEach.call(keys.tHead.rows[0].cells, function (th) {
		var by = th.getAttribute("data-by");

		if (!by)
			return;
		sortable(th, by === "d" || by === "n" ? -1 : 1, function (direction) {
			all.sort(function (a, b) {
				return direction * compare(a.dataset[by].toLowerCase(), b.dataset[by].toLowerCase()) || a.dataset.i - b.dataset.i;
			});
			place(keys, all);
			show();
		});
		if (by === "s")
			th.setAttribute("aria-sort", "ascending");
	});

	Array.prototype.forEach.call(document.querySelectorAll("table.authors tbody th"), function (th) {
		var button = document.createElement("button");

		button.type = "button";
		button.title = "Show this author's keys";
		button.textContent = th.textContent;
		th.textContent = "";
		th.appendChild(button);
		button.addEventListener("click", function () {
			form.reset();
			form.elements.text.value = button.textContent;
			filter();
			document.getElementById("keys").focus();
		});
	});

	form.addEventListener("submit", function (event) {
		event.preventDefault();
	});
	form.addEventListener("input", filter);
	form.addEventListener("reset", function () {
		setTimeout(filter, 0);
	});
	more.querySelector("button").addEventListener("click", function () {
		limit += 2 * PAGE;
		show();
	});
	form.hidden = false;
	show();
}());
