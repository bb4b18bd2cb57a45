package dev.backfill.testing.github;

import java.util.Map;

/// A workflow that was started.
public record Dispatched(String workflow, String branch, Map<String, String> inputs) {}
