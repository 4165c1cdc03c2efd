package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/cache"
)

// options are the flags that several commands share.
type options struct {
	dirs        []string
	config      string
	cache       string
	format      string
	verify      bool
	everyDigest bool
	concurrency int
	remote      remoteOptions
}

// places returns the folders to work in: this one where none is named.
func (o options) places() []string {
	if len(o.dirs) == 0 {
		return []string{"."}
	}
	return o.dirs
}

func (o *options) addConfig(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.config, "config", "", "read the run's configuration from `FILE` instead of .basekeeper.yaml")
}

func (o *options) addFormat(cmd *cobra.Command, formats ...string) {
	cmd.Flags().StringVar(&o.format, "format", formats[0], "print the result as `FORMAT`: "+strings.Join(formats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	check := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains(formats, o.format) {
			return usage(fmt.Errorf("--format %s: want one of %s", o.format, strings.Join(formats, ", ")))
		}
		if o.concurrency < 0 {
			return usage(fmt.Errorf("--concurrency %d: want a number that is not negative", o.concurrency))
		}
		if check != nil {
			return check(cmd, args)
		}
		return nil
	}
}

// addResolve adds the flags of commands that ask registries.
func (o *options) addResolve(cmd *cobra.Command) {
	o.addConfig(cmd)
	o.addCache(cmd)
	o.remote.add(cmd)
	cmd.Flags().BoolVar(&o.verify, "verify", false, "ask also whether moved pins can still be pulled")
	cmd.Flags().BoolVar(&o.everyDigest, "every-digest", false, "bump though nothing changed for the platforms that matter")
	cmd.Flags().IntVar(&o.concurrency, "concurrency", 0, "requests in flight for each registry host (default 8)")
}

func (o *options) addCache(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.cache, "cache", "", "remember first sights and content in `FILE`; \"none\" forgets (default basekeeper/cache.json in the user's cache folder)")
}

// openCache opens the cache file and tells the user where it could not be used.
func (o options) openCache(env Env) (*cache.Cache, error) {
	path := o.cache
	switch path {
	case "none":
		path = ""
	case "":
		path = defaultCache(env)
	}
	c, err := cache.Open(path, env.Now())
	if err != nil {
		return nil, err
	}
	if lost := c.Lost(); lost != "" {
		fmt.Fprintf(env.Stderr, "basekeeper: the cache is not used: %s\n", lost)
	}
	return c, nil
}

// defaultCache follows the XDG base directory specification; without a home
// nothing is remembered.
func defaultCache(env Env) string {
	base := env.Getenv("XDG_CACHE_HOME")
	if base == "" && env.Getenv("HOME") != "" {
		base = filepath.Join(env.Getenv("HOME"), ".cache")
	}
	if base == "" || !filepath.IsAbs(base) {
		return ""
	}
	return filepath.Join(base, "basekeeper", "cache.json")
}

// readLimited reads a file that the user named.
func readLimited(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("read %s: is a directory", path)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("read %s: %w", path, errTooLarge)
	}
	return os.ReadFile(path)
}

var errTooLarge = errors.New("file is too large")

// keep saves what the run learned; the run is no failure where that is lost.
func (o options) keep(env Env, c *cache.Cache) {
	if err := o.saveCache(env, c); err != nil {
		fmt.Fprintf(env.Stderr, "basekeeper: the cache was not saved, so that cooldowns start anew: %v\n", err)
	}
}

// saveCache writes the cache, unless it is only in memory.
func (o options) saveCache(env Env, c *cache.Cache) error {
	if o.cache == "none" || (o.cache == "" && defaultCache(env) == "") {
		return nil
	}
	return c.Save()
}
