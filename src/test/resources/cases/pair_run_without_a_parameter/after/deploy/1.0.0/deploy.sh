#!/bin/bash
tb deploy
tb pipe copy run backfill_orders_1 --param start_backfill_timestamp="2030-01-01 00:00:00"
