// Command gotest is "go test" where a skipped test is a failure: what is not
// tested on a machine that has everything is tested nowhere.
//
// Usage: gotest ARGUMENTS OF GO TEST
//
// It prints what go test prints, the output of failed tests included, and in
// the end the tests that were skipped.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// event is a line of "go test -json"; see go doc test2json.
type event struct {
	Action, Package, Test, Output string
}

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	skipped, err := report(pipe, stdout)
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return err
	}
	if len(skipped) > 0 {
		return fmt.Errorf("%d skipped, and a skip is a failure here:\n%s", len(skipped), strings.Join(skipped, ""))
	}
	return nil
}

// report prints the events that people want to see, and returns the tests that
// were skipped, each with its output.
func report(events io.Reader, stdout io.Writer) (skipped []string, err error) {
	held := map[string]map[string]string{} // package, test, output so far
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return skipped, nil
		}
		if err != nil {
			return skipped, err
		}
		var e event
		if json.Unmarshal(line, &e) != nil {
			fmt.Fprintf(stdout, "%s", line) // go itself has something to say
			continue
		}
		if held[e.Package] == nil {
			held[e.Package] = map[string]string{}
		}
		tests := held[e.Package]
		switch {
		case e.Action == "build-output", e.Action == "output" && e.Test == "" && e.Output != "PASS\n":
			fmt.Fprint(stdout, e.Output)
		case e.Action == "output" && strings.HasPrefix(e.Output, "=== "): // RUN, PAUSE, CONT, NAME
		case e.Action == "output":
			tests[e.Test] += e.Output
		case e.Action == "skip" && e.Test != "":
			skipped = append(skipped, e.Package+"\n"+tests[e.Test])
			delete(tests, e.Test)
		case e.Action == "pass" && e.Test != "":
			delete(tests, e.Test)
		case e.Action == "fail" && e.Test != "":
			fmt.Fprint(stdout, tests[e.Test])
			delete(tests, e.Test)
		case e.Action == "fail": // what was running when the package ended
			for _, output := range tests {
				fmt.Fprint(stdout, output)
			}
			delete(held, e.Package)
		}
	}
}
