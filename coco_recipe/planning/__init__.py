"""From a validated recipe to a plan: references, ports, parameters, what is foreseen."""
