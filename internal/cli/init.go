package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/config"
)

func newInitCmd(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a commented configuration and a workflow to start from",
		Long: `init writes .basekeeper.yaml, with every setting explained and switched off, and
.github/workflows/basekeeper.yml, which opens pull requests once a day. Files
that exist stay as they are.`,
		Example: `  basekeeper init`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return runInit(env, dir)
		},
	}
}

func runInit(env Env, dir string) error {
	if info, err := os.Stat(dir); err != nil {
		return usage(fmt.Errorf("init: %w", err))
	} else if !info.IsDir() {
		return usage(fmt.Errorf("init: %s is not a folder", dir))
	}
	for _, file := range []struct {
		name    string
		content []byte
	}{
		{config.Names[0], config.Template()},
		{filepath.Join(".github", "workflows", "basekeeper.yml"), config.Workflow()},
	} {
		path := filepath.Join(dir, file.name)
		err := createFile(path, file.content)
		switch {
		case errors.Is(err, fs.ErrExist):
			fmt.Fprintf(env.Stdout, "kept %s, which exists\n", path)
		case err != nil:
			return fmt.Errorf("init: %w", err)
		default:
			fmt.Fprintf(env.Stdout, "wrote %s\n", path)
		}
	}
	return nil
}

// createFile writes a file that does not exist yet, and its folders.
func createFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// writeFile writes a file whole or not at all.
func writeFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".basekeeper-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing to remove once it is renamed
	_, err = f.Write(content)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
