// Package acttest builds the container image of the action from the Dockerfile
// and has act run action.yml with it, as GitHub's runner would: in a Docker
// engine of its own, against a registry and a GitHub on loopback. It needs
// root, Debian's docker.io and busybox-static, and act; with CI set, what is
// missing is a failure.
package acttest
