#!/bin/bash
tb deploy
tb pipe copy run backfill_orders_1 --param start_backfill_timestamp="$START" $MORE
