package cli

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/basekeeper/basekeeper/internal/job"
)

// Variables by which the step tells the rest of the program what its inputs
// say. They are answers of a function and never part of an environment, so that
// no child process and no file has them.
const dockerAuth = "DOCKER_AUTH_CONFIG"

// harmless are the variables that a run on files of others may know.
var harmless = []string{
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"CI_REGISTRY", "CI_SERVER_HOST", "CI_SERVER_TLS_CA_FILE",
}

// environment returns the environment of the run itself: what the process has
// and what the inputs say; for a run on files of others, next to nothing. Both
// streams are the log, whose lines stay in order.
func (s *step) environment() (Env, error) {
	env := s.env
	env.Stderr, env.Terminal = env.Stdout, false
	if s.decision.Untrusted {
		env.Getenv = func(name string) string {
			if slices.Contains(harmless, name) {
				return s.job.Getenv(name)
			}
			return ""
		}
		return env, nil
	}
	given := s.job.credentials(s.in)
	auths, err := withLogins(env.Getenv(dockerAuth), s.in.Registries)
	if err != nil {
		return env, fmt.Errorf("%w; %s cannot be added to it", err, s.job.Call("registries"))
	}
	given[dockerAuth] = auths
	env.Getenv = func(name string) string {
		if value, ok := given[name]; ok {
			return value
		}
		return s.job.Getenv(name)
	}
	return env, nil
}

// withLogins adds logins to a configuration in Docker's format, which may be
// empty. The inputs come before what it says of the same host.
func withLogins(config string, logins []job.Login) (string, error) {
	if len(logins) == 0 {
		return config, nil
	}
	all := map[string]json.RawMessage{}
	auths := map[string]json.RawMessage{}
	if config != "" && json.Unmarshal([]byte(config), &all) != nil {
		return "", errors.New(dockerAuth + " is not a Docker configuration in JSON form")
	}
	if there := all["auths"]; there != nil && json.Unmarshal(there, &auths) != nil {
		return "", errors.New(dockerAuth + " has auths that are no object")
	}
	if auths == nil { // they were null
		auths = map[string]json.RawMessage{}
	}
	for _, login := range logins {
		basic := base64.StdEncoding.EncodeToString([]byte(login.User + ":" + login.Password))
		entry, err := json.Marshal(map[string]string{"auth": basic})
		if err != nil {
			return "", err
		}
		auths[login.Host] = entry
	}
	var err error
	if all["auths"], err = json.Marshal(auths); err != nil {
		return "", err
	}
	content, err := json.Marshal(all)
	return string(content), err
}
