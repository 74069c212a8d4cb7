"""The settings of a Keysight 53230A: headers, ranges and the defaults that a real unit's ``*LRN?`` lists.

Numbers are answered with 15 significant digits where they are times or frequencies, with 9 elsewhere.
Math, limits, histograms and bursts are remembered and told, and have no effect on readings.
"""

from __future__ import annotations

from rig.twin.emulators.scpi_command import Setting
from rig.twin.emulators.scpi_values import INFINITY, Choice, Flag, Number, Text

SHORT = 8  # decimals of the answers that carry 9 significant digits

SLOPE = "POSitive NEGative"
MOST_READINGS = 1_000_000


def _count(most: float = MOST_READINGS, *, default: float = 1) -> Number:
    return Number(default, 1, most, decimals=0)


def _seconds(default: float, minimum: float, maximum: float) -> Number:
    return Number(default, minimum, maximum, unit="S")


_CALCULATE = [
    Setting("CALCulate:AVERage[:STATe]", Flag(False)),
    Setting("CALCulate:LIMit:LOWer[:DATA]", Number(0.0)),
    Setting("CALCulate:LIMit[:STATe]", Flag(False)),
    Setting("CALCulate:LIMit:UPPer[:DATA]", Number(0.0)),
    Setting("CALCulate:SCALe:FUNCtion", Choice("NULL PCT PPM PPB SCALe", "NULL")),
    Setting("CALCulate:SCALe:GAIN", Number(1.0)),
    Setting("CALCulate:SCALe:INVert", Flag(False)),
    Setting("CALCulate:SCALe:OFFSet", Number(0.0)),
    Setting("CALCulate:SCALe:REFerence", Number(0.0)),
    Setting("CALCulate:SCALe:REFerence:AUTO", Flag(True)),
    Setting("CALCulate:SCALe[:STATe]", Flag(False)),
    Setting("CALCulate:SCALe:UNIT", Text("")),
    Setting("CALCulate:SCALe:UNIT:STATe", Flag(False)),
    Setting("CALCulate:SMOothing:RESPonse", Choice("SLOW MEDium FAST", "FAST")),
    Setting("CALCulate:SMOothing[:STATe]", Flag(False)),
    Setting("CALCulate[:STATe]", Flag(False)),
    Setting("CALCulate2:TRANsform:HISTogram:POINts", Number(100, 10, 1000, decimals=0)),
    Setting("CALCulate2:TRANsform:HISTogram:RANGe:LOWer", Number(0.0)),
    Setting("CALCulate2:TRANsform:HISTogram:RANGe:UPPer", Number(0.0)),
    Setting("CALCulate2:TRANsform:HISTogram:RANGe:AUTO:COUNt", Number(100, 10, 1000, decimals=0)),
    Setting("CALCulate2:TRANsform:HISTogram:RANGe:AUTO", Flag(True)),
    Setting("CALCulate2:TRANsform:HISTogram[:STATe]", Flag(False)),
]

# INP:LEV goes before INP:LEV:AUTO, which it switches off: so *LRN? restores both.
_INPUT = [
    Setting("INPut<2>:COUPling", Choice("AC DC", "AC")),
    Setting("INPut<2>:FILTer[:LPASs][:STATe]", Flag(False)),
    Setting("INPut<2>:IMPedance", Number(1e6, 50, 1e6, "OHM", SHORT, allowed=(50, 1e6))),
    Setting("INPut<2>:LEVel<2>[:ABSolute]", Number(0.0, -51.25, 51.25, "V", SHORT)),
    Setting("INPut<2>:LEVel<2>:RELative", Number(50, 10, 90, decimals=0, allowed=range(10, 95, 5))),
    Setting("INPut<2>:LEVel:AUTO", Flag(True)),
    Setting("INPut<2>:NREJect", Flag(False)),
    Setting("INPut<2>:PROBe", Number(1, 1, 10, decimals=0, allowed=(1, 10))),
    Setting("INPut<2>:RANGe", Number(5.0, 5, 50, "V", SHORT, allowed=(5, 50))),
    Setting("INPut<2>:SLOPe<2>", Choice(SLOPE, "POS")),
    Setting("INPut3:BURSt:LEVel", Number(-6.0, -50, 20, decimals=SHORT)),
]

_GATE = [
    Setting("[SENSe:]FREQuency:BURSt:GATE:AUTO", Flag(True)),
    Setting("[SENSe:]FREQuency:BURSt:GATE:DELay", _seconds(0.0, 0.0, 10.0)),
    Setting("[SENSe:]FREQuency:BURSt:GATE:NARRow", Flag(False)),
    Setting("[SENSe:]FREQuency:BURSt:GATE:TIME", _seconds(1e-6, 1e-6, 10.0)),
    Setting("[SENSe:]FREQuency:GATE:POLarity", Choice(SLOPE, "NEG")),
    Setting("[SENSe:]FREQuency:GATE:SOURce", Choice("TIME EXTernal INPut INP2 ADVanced", "TIME")),
    Setting("[SENSe:]FREQuency:GATE:TIME", _seconds(0.1, 1e-6, 1000.0)),
    Setting("[SENSe:]FREQuency:MODE", Choice("AUTO RECiprocal CONTinuous", "AUTO")),
    Setting("[SENSe:]GATE:EXTernal:SOURce", Choice("BNC INPut INP2", "BNC")),
    Setting("[SENSe:]GATE:STARt:DELay:EVENts", _count()),
    Setting("[SENSe:]GATE:STARt:DELay:SOURce", Choice("IMMediate TIME EVENts", "IMM")),
    Setting("[SENSe:]GATE:STARt:DELay:TIME", _seconds(0.0, 0.0, 10.0)),
    Setting("[SENSe:]GATE:STARt:SLOPe", Choice(SLOPE, "NEG")),
    Setting("[SENSe:]GATE:STARt:SOURce", Choice("IMMediate EXTernal INPut INP2", "IMM")),
    Setting("[SENSe:]GATE:STOP:HOLDoff:EVENts", _count()),
    Setting("[SENSe:]GATE:STOP:HOLDoff:SOURce", Choice("IMMediate TIME EVENts", "IMM")),
    Setting("[SENSe:]GATE:STOP:HOLDoff:TIME", _seconds(0.0, 0.0, 1000.0)),
    Setting("[SENSe:]GATE:STOP:SLOPe", Choice(SLOPE, "POS")),
    Setting("[SENSe:]GATE:STOP:SOURce", Choice("IMMediate EXTernal INPut INP2", "IMM")),
    Setting("[SENSe:]TINTerval:GATE:POLarity", Choice(SLOPE, "NEG")),
    Setting("[SENSe:]TINTerval:GATE:SOURce", Choice("IMMediate EXTernal ADVanced", "IMM")),
    Setting("[SENSe:]TOTalize:GATE:POLarity", Choice(SLOPE, "NEG")),
    Setting("[SENSe:]TOTalize:GATE:SOURce", Choice("TIME EXTernal INPut INP2 ADVanced", "TIME")),
    Setting("[SENSe:]TOTalize:GATE:TIME", _seconds(0.1, 1e-6, 1000.0)),
    Setting("[SENSe:]TSTamp:RATE", Number(1e6, 1e4, 1e6, "HZ", SHORT, allowed=(1e4, 1e5, 8e5, 1e6))),
]

SETTINGS = [
    Setting("[SENSe:]FUNCtion[:ON]", Text("FREQ")),
    *_CALCULATE,
    Setting("CALibration:VALue", Number(0.0)),
    Setting("DATA:POINts:EVENt:THReshold", _count()),
    Setting("FORMat:BORDer", Choice("NORMal SWAPped", "NORM")),
    Setting("FORMat[:DATA]", Choice("ASC,15 REAL,64", "ASC,15")),
    Setting("HCOPy:SDUMp:DATA:FORMat", Choice("PNG BMP", "PNG")),
    *_INPUT,
    Setting("MMEMory:CDIRectory", Text("INT:\\")),
    Setting("OUTPut:POLarity", Choice("NORMal INVerted", "NORM")),
    Setting("OUTPut[:STATe]", Flag(False)),
    Setting("SAMPle:COUNt", _count()),
    *_GATE,
    Setting("TRIGger:COUNt", _count()),
    Setting("TRIGger:DELay", _seconds(0.0, 0.0, 3600.0)),
    Setting("TRIGger:SLOPe", Choice(SLOPE, "NEG")),
    Setting("TRIGger:SOURce", Choice("IMMediate EXTernal BUS", "IMM")),
    Setting("SYSTem:TIMeout", Number(INFINITY, 0.01, 2000.0, "S", SHORT, infinite=True), kept=True),
    Setting("SYSTem:ALEVel:FREQuency", Number(50.0, 50, 10e3, "HZ", SHORT, allowed=(50, 10e3)), kept=True),
]
