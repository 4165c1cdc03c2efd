// Command benchtable reads what "go test -bench" prints and writes tables in
// Markdown, one for each benchmark, with the median of several runs.
//
// Usage: go test -bench . -count 3 ./... | go run ./.ci/benchtable
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchtable:", err)
		os.Exit(1)
	}
}

// row is one benchmark: its values by unit, in the order of the runs.
type row struct {
	name   string
	values map[string][]float64
}

// table is the benchmarks of one function.
type table struct {
	name  string
	units []string
	rows  []*row
}

func run(in io.Reader, out io.Writer) error {
	tables, err := read(in)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if err := t.write(out); err != nil {
			return err
		}
	}
	return nil
}

// suffix is what go test puts behind a name: how many processors it used.
var suffix = regexp.MustCompile(`-\d+$`)

func read(in io.Reader) ([]*table, error) {
	var tables []*table
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name, rest, _ := strings.Cut(suffix.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), ""), "/")
		at := slices.IndexFunc(tables, func(t *table) bool { return t.name == name })
		if at < 0 {
			at = len(tables)
			tables = append(tables, &table{name: name})
		}
		if err := tables[at].add(rest, fields[2:]); err != nil {
			return nil, fmt.Errorf("%s: %w", lines.Text(), err)
		}
	}
	return tables, lines.Err()
}

// add takes the pairs of value and unit of one run.
func (t *table) add(name string, pairs []string) error {
	at := slices.IndexFunc(t.rows, func(r *row) bool { return r.name == name })
	if at < 0 {
		at = len(t.rows)
		t.rows = append(t.rows, &row{name: name, values: map[string][]float64{}})
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		value, err := strconv.ParseFloat(pairs[i], 64)
		if err != nil {
			return err
		}
		value, unit := humane(value, pairs[i+1])
		t.rows[at].values[unit] = append(t.rows[at].values[unit], value)
		if !slices.Contains(t.units, unit) {
			t.units = append(t.units, unit)
		}
	}
	return nil
}

// humane turns nanoseconds and bytes into what a table can hold.
func humane(value float64, unit string) (float64, string) {
	switch unit {
	case "ns/op":
		return value / 1e6, "ms"
	case "B/op":
		return value / (1 << 20), "MiB allocated"
	case "allocs/op":
		return value, "allocations"
	}
	return value, unit
}

func (t *table) write(out io.Writer) error {
	fmt.Fprintf(out, "\n| %s | %s |\n|---|%s\n", t.name, strings.Join(t.units, " | "), strings.Repeat("---:|", len(t.units)))
	for _, r := range t.rows {
		cells := make([]string, len(t.units))
		for i, unit := range t.units {
			if values := r.values[unit]; len(values) > 0 {
				slices.Sort(values)
				cells[i] = short(values[len(values)/2])
			}
		}
		if _, err := fmt.Fprintf(out, "| %s | %s |\n", r.name, strings.Join(cells, " | ")); err != nil {
			return err
		}
	}
	return nil
}

// short shows three digits, and whole numbers whole.
func short(v float64) string {
	switch {
	case v == float64(int64(v)) || v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
