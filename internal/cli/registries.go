package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/registry"
)

// maxCA bounds a file of certificate authorities, in bytes.
const maxCA = 4 << 20

// newRegistry makes the registry client that the configuration describes.
func newRegistry(env Env, opts options, c config.Config) (*registry.Client, error) {
	hosts := make(map[string]registry.Host, len(c.Registries))
	for name, r := range c.Registries {
		h := registry.Host{Mirror: r.Mirror, PlainHTTP: r.PlainHTTP, TokenService: r.TokenService}
		if r.CAFile != "" {
			ca, err := readLimited(r.CAFile, maxCA)
			if err != nil {
				return nil, usage(fmt.Errorf("registry %s: ca-file: %w", name, err))
			}
			h.CA = ca
		}
		var err error
		if h.User, err = named(env, name, "user-env", r.UserEnv); err != nil {
			return nil, err
		}
		if h.Password, err = named(env, name, "password-env", r.PasswordEnv); err != nil {
			return nil, err
		}
		hosts[name] = h
	}
	if err := trustPipeline(env, hosts); err != nil {
		return nil, err
	}
	client, err := registry.New(registry.Options{
		Hosts: hosts, Concurrency: opts.concurrency, Getenv: env.Getenv, Sleep: env.Sleep, Transport: env.Transport,
		UserAgent: "basekeeper/" + version(),
	})
	if err != nil {
		return nil, usage(err)
	}
	return client, nil
}

// trustPipeline has the registry of a pipeline's GitLab, and its token service,
// trusted by the authorities that the pipeline has for that GitLab, unless the
// configuration names the registry's own. A mirror keeps those of its entry.
func trustPipeline(env Env, hosts map[string]registry.Host) error {
	own, file := env.Getenv("CI_REGISTRY"), env.Getenv("CI_SERVER_TLS_CA_FILE")
	h := hosts[own]
	if own == "" || file == "" || len(h.CA) > 0 {
		return nil
	}
	ca, err := readLimited(file, maxCA)
	if err != nil {
		return usage(fmt.Errorf("registry %s: CI_SERVER_TLS_CA_FILE: %w", own, err))
	}
	mirror, _, _ := strings.Cut(strings.Trim(h.Mirror, "/"), "/")
	h.CA = slices.Concat(ca, []byte("\n"), hosts[mirror].CA)
	hosts[own] = h
	return nil
}

// named returns the value of an environment variable that the configuration
// names; one that is not set is a mistake that must not end as an anonymous
// request.
func named(env Env, host, key, variable string) (string, error) {
	if variable == "" {
		return "", nil
	}
	value := env.Getenv(variable)
	if value == "" {
		return "", usage(fmt.Errorf("registry %s: %s names the environment variable %s, which is not set", host, key, variable))
	}
	return value, nil
}

// requests writes how often each host was asked, in one line.
func requests(counts map[string]registry.Count) string {
	var parts []string
	for _, host := range slices.Sorted(maps.Keys(counts)) {
		c := counts[host]
		part := fmt.Sprintf("%s: %d HEAD, %d GET, %d other", host, c.Head, c.Get, c.Ping+c.Token)
		if c.Write+c.Delete > 0 {
			part += fmt.Sprintf(", %d written, %d deleted", c.Write, c.Delete)
		}
		if c.Retried > 0 {
			part += fmt.Sprintf(" (%d of them repeated)", c.Retried)
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return "no registry was asked"
	}
	return "requests: " + strings.Join(parts, "; ")
}
