"""Tables of figures, as plain text that can be pasted anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field

Cell = str | int | float | None


@dataclass
class Table:
    """One table. `note` says under which terms its figures were measured."""

    title: str
    columns: tuple[str, ...]
    note: str = ""
    rows: list[tuple[Cell, ...]] = field(default_factory=list[tuple[Cell, ...]])

    def add(self, *cells: Cell) -> None:
        """Add a row."""
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} cells for {len(self.columns)} columns")
        self.rows.append(cells)

    def __str__(self) -> str:
        """The table in columns, numbers to the right."""
        written = [self.columns, *(tuple(map(_written, row)) for row in self.rows)]
        widths = [max(len(row[place]) for row in written) for place in range(len(self.columns))]
        is_number = [
            all(not isinstance(row[place], str) for row in self.rows)
            for place in range(len(self.columns))
        ]
        lines = [self.title, *([self.note] if self.note else [])]
        for row in written:
            cells = (
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, is_number, strict=True)
            )
            lines.append("  " + "  ".join(cells).rstrip())
        return "\n".join(lines)


def _written(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return (
            f"{cell:,.0f}"
            if abs(cell) >= 100
            else f"{cell:.1f}"
            if abs(cell) >= 10
            else f"{cell:.2f}"
        )
    return f"{cell:,}" if isinstance(cell, int) else cell
