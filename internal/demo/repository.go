package demo

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// makeRepository writes one repository; where git is not installed, an empty
// history has to do.
func makeRepository(ctx context.Context, dir, dockerfile string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o600); err != nil {
		return err
	}
	git, err := exec.LookPath("git")
	if err != nil {
		return emptyHistory(filepath.Join(dir, ".git"))
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"},
		{"add", "."},
		{"-c", "user.name=demo", "-c", "user.email=demo@example.com", "commit", "-q", "-m", "Start"},
	} {
		cmd := exec.CommandContext(ctx, git, args...) //nolint:gosec // the arguments are those above
		cmd.Dir = dir
		// Nothing of the caller's: no GIT_DIR of a hook, no configuration, no hooks.
		cmd.Env = []string{"HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1"}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

func emptyHistory(dir string) error {
	for _, d := range []string{"objects", "refs"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: refs/heads/main\n"), 0o600)
}
