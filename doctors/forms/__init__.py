"""What people type about doctors, or to find one."""
