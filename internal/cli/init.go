package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/config"
)

func newInitCmd(env Env) *cobra.Command {
	var named string
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a commented configuration and a workflow to start from",
		Long: `init writes .basekeeper.yaml, with every setting explained and switched off, and
for GitHub .github/workflows/basekeeper.yml, which opens pull requests once a
day; for GitLab .gitlab-ci.yml, which includes the component. Files that exist
stay as they are; what an existing .gitlab-ci.yml needs is printed.

It is for GitLab where the remote origin is on gitlab.com, or where there is a
.gitlab-ci.yml and no folder .github; --forge decides otherwise.`,
		Example: `  basekeeper init
  basekeeper init --forge gitlab`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return runInit(env, dir, named)
		},
	}
	cmd.Flags().StringVar(&named, "forge", "", "write for `FORGE`: github or gitlab (default what the folder is a clone from)")
	return cmd
}

func runInit(env Env, dir, named string) error {
	if info, err := os.Stat(dir); err != nil {
		return usage(fmt.Errorf("init: %w", err))
	} else if !info.IsDir() {
		return usage(fmt.Errorf("init: %s is not a folder", dir))
	}
	ci, content := filepath.Join(".github", "workflows", "basekeeper.yml"), config.Workflow()
	switch named = cmp.Or(named, cloneOf(dir)); named {
	case config.ForgeGitLab:
		ci, content = gitlabFile, []byte(gitlabPipeline)
	case config.ForgeGitHub:
	default:
		return usage(fmt.Errorf("--forge %s: want github or gitlab", named))
	}
	if err := startFrom(env, filepath.Join(dir, config.Names[0]), config.Template()); err != nil {
		return err
	}
	if err := startFrom(env, filepath.Join(dir, ci), content); err != nil || named == config.ForgeGitHub {
		return err
	}
	return sayInclude(env, filepath.Join(dir, ci))
}

// startFrom writes a file that does not exist, and says so.
func startFrom(env Env, path string, content []byte) error {
	err := createFile(path, content)
	switch {
	case errors.Is(err, fs.ErrExist):
		fmt.Fprintf(env.Stdout, "kept %s, which exists\n", path)
	case err != nil:
		return fmt.Errorf("init: %w", err)
	default:
		fmt.Fprintf(env.Stdout, "wrote %s\n", path)
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
