"""Changes, as deployments: looked up beside the incidents they may have caused. The pipeline writes them."""
