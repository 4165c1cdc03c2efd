// Package gitlabtest has gitlab-ci-local run the CI/CD component,
// templates/basekeeper.yml, in the image that is built from the Dockerfile, as a
// GitLab runner would: in a Docker engine of its own, against a registry and a
// GitLab on loopback. The pipelines are those of the README, too. It needs what
// enginetest needs, rsync, and gitlab-ci-local; with CI set, what is missing is
// a failure.
package gitlabtest
