package io.baton.cli;
