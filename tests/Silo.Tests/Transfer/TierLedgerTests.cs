using XLLM.Silo.Transfer;

namespace XLLM.Silo.Tests.Transfer;

public sealed class TierLedgerTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 10)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AnyHistory_KeepsTheBudget_AndPutsOutWhatWasUnusedForLongest(int seed)
    {
        var random = new Random(seed);
        var budget = random.Next(50, 200);
        var ledger = new TierLedger<int>(budget);
        var model = new List<(int Name, long Bytes)>();        // longest unused first
        var evicted = new List<int>();
        for (var step = 0; step < 3000; step++)
        {
            var name = random.Next(40);
            var place = model.FindIndex(entry => entry.Name == name);
            switch (random.Next(4))
            {
                case 0:
                    Assert.Equal(place >= 0, ledger.Remove(name));
                    if (place >= 0)
                    {
                        model.RemoveAt(place);
                    }

                    break;

                case 1:
                    Assert.Equal(place >= 0, ledger.Touch(name));
                    if (place >= 0)
                    {
                        var entry = model[place];
                        model.RemoveAt(place);
                        model.Add(entry);
                    }

                    break;

                default:
                    var bytes = random.Next(1, 60);
                    evicted.Clear();
                    var added = ledger.TryAdd(name, bytes, evicted);
                    Assert.Equal(place < 0 && bytes <= budget, added);
                    var expected = new List<int>();
                    while (added && model.Sum(entry => entry.Bytes) + bytes > budget)
                    {
                        expected.Add(model[0].Name);
                        model.RemoveAt(0);
                    }

                    if (added)
                    {
                        model.Add((name, bytes));
                    }

                    Assert.Equal(expected, evicted);
                    break;
            }

            Assert.Equal((model.Count, model.Sum(entry => entry.Bytes)), (ledger.Count, ledger.Bytes));
            Assert.True(ledger.Bytes <= budget);
            Assert.Equal(model.Exists(entry => entry.Name == name), ledger.Contains(name));
        }
    }
}
