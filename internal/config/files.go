package config

import _ "embed" // the two files that init writes

//go:embed template.yaml
var template []byte

//go:embed workflow.yaml
var workflow []byte

// Template returns the configuration that basekeeper init writes: every key
// with its explanation, all commented out.
func Template() []byte { return append([]byte(nil), template...) }

// Workflow returns the GitHub workflow that basekeeper init writes to
// .github/workflows/basekeeper.yml: a daily check whose findings go to code
// scanning.
func Workflow() []byte { return append([]byte(nil), workflow...) }
