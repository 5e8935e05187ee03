"""The bodies: measures of each, in metres, and where lamps, grille, emblem and plate sit on its front."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Body:
    """Measures of a body in metres. Distances from the nose run backwards, from the tail forwards."""

    name: str
    length: float
    half_width: float
    height: float
    clearance: float
    wheel_radius: float
    front_axle: float
    rear_axle: float
    nose_z: float
    belt_z: float
    bonnet: float
    roof_front: float
    roof_rear: float
    cabin_rear: float
    cabin_half: float
    roof_half: float
    cap: float
    power: float
    lean: float
    crown: float
    belt_rise: float
    # Front fittings, z above the ground and half-widths.
    grille: tuple[float, float, float]
    plate_z: float
    intake: tuple[float, float, float]
    lamps: str
    lamp_z: float
    cladding: bool = False
    rails: bool = False
    doors: tuple[float, ...] = ()
    pillars: tuple[float, ...] = ()

    @property
    def nose(self) -> float:
        """X of the front end."""
        return self.length / 2

    @property
    def wheels(self) -> tuple[float, float]:
        """X of the front and the rear axle."""
        return self.nose - self.front_axle, -self.nose + self.rear_axle


_HATCH = Body(
    name="hatch",
    length=3.9,
    half_width=0.88,
    height=1.50,
    clearance=0.19,
    wheel_radius=0.315,
    front_axle=0.74,
    rear_axle=0.62,
    nose_z=0.74,
    belt_z=0.97,
    bonnet=0.92,
    roof_front=1.66,
    roof_rear=0.42,
    cabin_rear=0.10,
    cabin_half=0.79,
    roof_half=0.56,
    cap=0.80,
    power=2.5,
    lean=1.0,
    crown=0.05,
    belt_rise=0.08,
    grille=(0.50, 0.68, 0.36),
    plate_z=0.40,
    intake=(0.24, 0.36, 0.50),
    lamps="round",
    lamp_z=0.68,
    doors=(0.98, 2.25),
    pillars=(2.22, 3.0),
)
_SEDAN = Body(
    name="sedan",
    length=4.75,
    half_width=0.92,
    height=1.41,
    clearance=0.17,
    wheel_radius=0.335,
    front_axle=0.86,
    rear_axle=1.05,
    nose_z=0.70,
    belt_z=0.93,
    bonnet=1.30,
    roof_front=2.02,
    roof_rear=1.35,
    cabin_rear=0.62,
    cabin_half=0.80,
    roof_half=0.54,
    cap=0.88,
    power=2.6,
    lean=1.15,
    crown=0.04,
    belt_rise=0.05,
    grille=(0.45, 0.66, 0.40),
    plate_z=0.35,
    intake=(0.21, 0.31, 0.66),
    lamps="slim",
    lamp_z=0.645,
    doors=(1.30, 2.35, 3.35),
    pillars=(2.35, 3.25),
)
_SUV = Body(
    name="suv",
    length=4.45,
    half_width=0.96,
    height=1.74,
    clearance=0.28,
    wheel_radius=0.385,
    front_axle=0.82,
    rear_axle=0.80,
    nose_z=0.96,
    belt_z=1.15,
    bonnet=1.06,
    roof_front=1.66,
    roof_rear=0.45,
    cabin_rear=0.12,
    cabin_half=0.87,
    roof_half=0.67,
    cap=0.66,
    power=3.0,
    lean=0.55,
    crown=0.035,
    belt_rise=0.05,
    grille=(0.62, 0.88, 0.46),
    plate_z=0.50,
    intake=(0.32, 0.43, 0.52),
    lamps="block",
    lamp_z=0.82,
    cladding=True,
    rails=True,
    doors=(1.15, 2.15, 3.15),
    pillars=(2.15, 3.05),
)
_VAN = Body(
    name="van",
    length=4.75,
    half_width=0.95,
    height=2.02,
    clearance=0.22,
    wheel_radius=0.335,
    front_axle=0.84,
    rear_axle=0.85,
    nose_z=0.92,
    belt_z=1.14,
    bonnet=0.52,
    roof_front=1.36,
    roof_rear=0.22,
    cabin_rear=0.06,
    cabin_half=0.89,
    roof_half=0.76,
    cap=0.74,
    power=2.7,
    lean=0.8,
    crown=0.045,
    belt_rise=0.0,
    grille=(0.60, 0.80, 0.34),
    plate_z=0.45,
    intake=(0.27, 0.39, 0.56),
    lamps="tall",
    lamp_z=0.80,
    doors=(0.80, 1.95, 3.2),
    pillars=(1.9, 3.15),
)

BODY_SPECS = {body.name: body for body in (_HATCH, _SEDAN, _SUV, _VAN)}
