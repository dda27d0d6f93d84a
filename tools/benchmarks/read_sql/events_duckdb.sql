-- Probability in basis points, rounded half to even (decision 17).
create macro weigh(amount, probability) as
  (amount * probability + 5000) // 10000
    - case when amount * probability % 10000 = 5000 and amount * probability // 10000 % 2 = 0 then 1 else 0 end;
