package enginetest

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

// MissingError says what the machine lacks.
type MissingError struct{ What string }

func (e MissingError) Error() string {
	return e.What + " (run .ci/packages and make tools as root, and go test through make)"
}

// OrSkip ends the test where there is an error. It is skipped where the machine
// lacks something, unless CI is set.
func OrSkip(t testing.TB, err error) {
	t.Helper()
	if missing := (MissingError{}); errors.As(err, &missing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Tool returns the program that the environment variable names, or else the one
// of that name in PATH. The error is a [MissingError].
func Tool(variable, name string) (string, error) {
	if program := os.Getenv(variable); program != "" {
		if _, err := os.Stat(program); err == nil {
			return program, nil
		}
	}
	program, err := exec.LookPath(name)
	if err != nil {
		return "", MissingError{name + " is not installed"}
	}
	return program, nil
}
